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
from models.policy.decision import decide
from models.policy.swap_set import swap_set, worst_exposure
from models.policy.terms import Policy
from models.scaling import PointsScale
from pipelines.errors import InputError
from pipelines.population import population

FOLDER = Path(__file__).with_name("policies")


class Loaded(NamedTuple):
    """A policy and the sha256 of its file: equal versions with other bytes are seen."""

    policy: Policy
    sha256: str

    @property
    def version(self) -> str:
        """Name, version and the beginning of the sha256, as every record that it decided says."""
        return f"{self.policy.name} {self.policy.version} {self.sha256[:12]}"


class _Yaml(yaml.SafeLoader):
    """YAML in which a key stands once, since of two the last would silently count, and every value where it counts."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the node; YAMLError for a reference: values might hold themselves, or grow beyond any memory."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"*{event.anchor} stands for a value elsewhere; write the value itself", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value; YAMLError with line and column for one that is none, such as a number of 5,000 digits."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):
            kind = node.tag.rpartition(":")[2]
            raise yaml.constructor.ConstructorError(None, None, f"cannot be read as {kind}", node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping; YAMLError with line and column for a key that stands twice."""
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value} stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def names() -> list[str]:
    """Return the policies that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Loaded:
    """Return a policy by name, or from a file; InputError says file, key, what was expected and the nearest known key."""
    path = FOLDER / f"{name}.yaml" if name in names() else Path(name)
    try:
        raw = path.read_bytes()
        return Loaded(_policy(path, yaml.load(raw.decode("utf-8"), _Yaml)), sha256(raw).hexdigest())
    except FileNotFoundError:
        raise InputError(f"no policy {name!r}: expected a YAML file, or one of {', '.join(names())}") from None
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read as YAML in UTF-8: {error}") from None
    except RecursionError:
        raise InputError(f"{path} holds lists or sections nested hundreds deep; a policy has four levels") from None


def _policy(path: Path, values: Any) -> Policy:
    """Return the policy that a file's values make; InputError says in words why they make none."""
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no `key: value` lines; `admission policy show balanced` prints one that does")
    unknown = [f"{path}: {finding}" for finding in (*_unknown_keys(Policy, values), *_switches(values))]
    if unknown:
        raise InputError("\n".join(unknown))
    try:
        return TypeAdapter(Policy).validate_python(values)
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


def _switches(values: Any, place: str = "") -> Iterator[str]:
    """Yield a sentence for every true or false: a policy has no switches, and they would pass for 1 and 0."""
    if isinstance(values, bool):
        yield f"{place} is {str(values).lower()}; expected a number, a text or null"
    pairs = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in pairs:
        yield from _switches(value, f"{place}.{key}".lstrip("."))


def _in_words(finding: Any) -> str:
    place = ".".join(map(str, finding["loc"])) or "policy"
    if finding["type"] == "missing":
        return f"{place} is missing; `admission policy show balanced` prints every key with its meaning"
    message = str(finding["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{place}: {message}" if finding["type"] == "value_error" else f"{place} is {finding['input']!r}. {message}."


class Side(NamedTuple):
    """One of two policies compared: its version, and how much of the limits granted lies in R8 or worse."""

    version: str
    worst_exposure: float
    worst_exposure_share: float
    """The most that the policy allows."""


class Comparison(NamedTuple):
    """Two policies on one population, and the swap set between them."""

    first: Side
    second: Side
    swaps: pd.DataFrame

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        sides = {"first": self.first._asdict(), "second": self.second._asdict()}
        return {**sides, "swaps": self.swaps.to_dict(orient="records")}


def compare(first: str, second: str, path: Path) -> Comparison:
    """Return the swap set of two policies, by name or file, on the applicants of a file."""
    scale, applicants = MasterScale.from_points(PointsScale()), population(path)
    loaded = load(first), load(second)
    decided = [decide(applicants, one.policy, scale) for one in loaded]
    sides = [
        Side(one.version, worst_exposure(said), one.policy.worst_exposure_share)
        for one, said in zip(loaded, decided, strict=True)
    ]
    swaps = swap_set(applicants, decided[0], decided[1], (loaded[0].policy, loaded[1].policy))
    return Comparison(sides[0], sides[1], swaps)


def in_words(comparison: Comparison) -> str:
    """Return a comparison as a plain table with its totals."""
    swaps = comparison.swaps
    amounts = ("annual_sales", "limit_first", "limit_second", "expected_loss_first", "expected_loss_second")
    shown = swaps.assign(
        mean_pd=(100 * swaps["mean_pd"]).map("{:.2f} %".format),
        expected_defaults=swaps["expected_defaults"].map("{:,.1f}".format),
        **{name: swaps[name].map("{:,.0f}".format) for name in amounts},
    )
    kept = int(swaps.loc[swaps["decision_first"] == swaps["decision_second"], "n"].sum())
    moved = int(swaps["n"].sum()) - kept
    loss = swaps["expected_loss_second"].sum() - swaps["expected_loss_first"].sum()
    limit = swaps["limit_second"].sum() - swaps["limit_first"].sum()
    return (
        f"{_side('first', comparison.first)}\n{_side('second', comparison.second)}\namounts in currency units\n\n"
        f"{shown.to_string(index=False)}\n\n"
        f"{moved:,} of {kept + moved:,} applicants change decision; limits {limit:+,.0f}, expected loss {loss:+,.0f}"
    )


def _side(name: str, side: Side) -> str:
    allowed, found = side.worst_exposure_share, side.worst_exposure
    verdict = "more than" if found > allowed else "within"
    return f"{name}: {side.version}; {found:.1%} of the limits in R8 or worse, {verdict} its {allowed:.0%}"
