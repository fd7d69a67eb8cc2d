"""Policies as versioned YAML files, and what changes between two of them on one population."""

import difflib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError

from models.grades import MasterScale
from models.policy.decision import INPUTS, decide
from models.policy.swap_set import swap_set
from models.policy.terms import Policy
from models.scaling import PointsScale
from pipelines.errors import InputError

FOLDER = Path(__file__).with_name("policies")


class Loaded(NamedTuple):
    """A policy and the sha256 of its file: equal versions with other bytes are seen."""

    policy: Policy
    sha256: str


def names() -> list[str]:
    """Return the policies that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Loaded:
    """Return a policy by name, or from a file; InputError says file, key, what was expected and the nearest known key."""
    path = FOLDER / f"{name}.yaml" if name in names() else Path(name)
    try:
        raw = path.read_bytes()
        values = yaml.safe_load(raw.decode("utf-8"))
    except FileNotFoundError:
        raise InputError(f"no policy {name!r}: expected a YAML file, or one of {', '.join(names())}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as YAML in UTF-8: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no `key: value` lines; `admission policy show balanced` prints one that does")
    unknown = [f"{path}: {finding}" for finding in _unknown_keys(Policy, values)]
    if unknown:
        raise InputError("\n".join(unknown))
    try:
        return Loaded(TypeAdapter(Policy).validate_python(values), sha256(raw).hexdigest())
    except ValidationError as error:
        raise InputError("\n".join(f"{path}: {_in_words(finding)}" for finding in error.errors())) from None


def _unknown_keys(kind: Any, values: Any, place: str = "") -> Iterator[str]:
    """Yield a sentence for every key that a section does not know, with the nearest that it does."""
    if kind is None or not isinstance(values, dict):
        return
    known, hints = [f.name for f in fields(kind)], get_type_hints(kind)
    for key, value in values.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            yield f"unknown key {place}{key}. {hint}"
            continue
        section = next((t for t in (hints[key], *get_args(hints[key])) if is_dataclass(t)), None)
        if isinstance(value, list):
            for number, one in enumerate(value):
                yield from _unknown_keys(section, one, f"{place}{key}[{number}].")
        else:
            yield from _unknown_keys(section, value, f"{place}{key}.")


def _in_words(finding: Any) -> str:
    place = ".".join(map(str, finding["loc"])) or "policy"
    if finding["type"] == "missing":
        return f"{place} is missing; `admission policy show balanced` prints every key with its meaning"
    message = str(finding["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{place}: {message}" if finding["type"] == "value_error" else f"{place} is {finding['input']!r}. {message}."


def population(path: Path) -> pd.DataFrame:
    """Return applicants to compare policies on: a parquet file, or a folder of them, with the columns that policies read.

    The scoring job writes them as `decision_inputs` beside its scores. InputError names what is absent.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise InputError(f"{path} holds no parquet file; expected the decision_inputs of `admission score`")
    try:
        rows = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as parquet: {error}") from None
    absent = [name for name in INPUTS if name not in rows]
    if absent:
        raise InputError(
            f"{path} lacks the columns {', '.join(absent)}; expected the decision_inputs of `admission score`"
        )
    return rows


def compare(first: str, second: str, path: Path) -> pd.DataFrame:
    """Return the swap set of two policies, by name or file, on the applicants of a file."""
    scale, applicants = MasterScale.from_points(PointsScale()), population(path)
    policies = load(first).policy, load(second).policy
    decided = [decide(applicants, policy, scale) for policy in policies]
    return swap_set(applicants, decided[0], decided[1], policies)


def in_words(swaps: pd.DataFrame, first: str, second: str) -> str:
    """Return a swap set as a plain table with its totals."""
    shown = swaps.assign(
        mean_pd=(100 * swaps["mean_pd"]).map("{:.2f} %".format),
        expected_defaults=swaps["expected_defaults"].map("{:,.1f}".format),
        **{
            name: swaps[name].map("{:,.0f}".format)
            for name in ("annual_sales", "limit_first", "limit_second", "expected_loss_first", "expected_loss_second")
        },
    )
    kept = int(swaps.loc[swaps["decision_first"] == swaps["decision_second"], "n"].sum())
    moved = int(swaps["n"].sum()) - kept
    loss = swaps["expected_loss_second"].sum() - swaps["expected_loss_first"].sum()
    limit = swaps["limit_second"].sum() - swaps["limit_first"].sum()
    return (
        f"first: {first}, second: {second}; amounts in currency units\n\n{shown.to_string(index=False)}\n\n"
        f"{moved:,} of {kept + moved:,} applicants change decision; limits {limit:+,.0f}, expected loss {loss:+,.0f}"
    )
