"""The log of overrides: JSON lines, appended and never changed; every line holds the hash of the one before it.

A line edited, dropped or moved breaks the chain, and reading says where.
"""

import fcntl
import json
import os
from dataclasses import asdict, fields
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from models.policy.overrides import Override, objections, review
from pipelines.errors import InputError
from pipelines.policy import load

LOG = Path("data/overrides/log.jsonl")
FIRST = "0" * 64
"""What the first line holds in the place of a hash."""


def add(override: Override, desk_authority: float | None, path: Path = LOG) -> str:
    """Append an override and return the hash of its line; InputError with every reason why it may not stand."""
    against = objections(override, desk_authority)
    if against:
        listed = "\n".join(f"  {sentence}" for sentence in against)
        raise InputError(f"override of {override.application_id} refused:\n{listed}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        # Two people at once would both follow the same line.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = _checked(file.read(), path)
        line = {"previous": lines[-1]["hash"] if lines else FIRST, **asdict(override)}
        line["hash"] = _hash(line)
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return str(line["hash"])


def read(path: Path = LOG) -> list[Override]:
    """Return the overrides in the order they were made; InputError names the line where the chain is broken."""
    if not path.exists():
        return []
    names = [field.name for field in fields(Override)]
    lines = _checked(path.read_text(encoding="utf-8"), path)
    return [Override(**{name: line[name] for name in names}) for line in lines]


def asked(
    scores: Path,
    policy: str,
    application_id: str,
    decision: str,
    limit: float | None,
    decided_on: str | None,
    **told: Any,
) -> tuple[Override, float | None]:
    """Return an override beside what the policy said in the scores, and the desk's authority; InputError if it said nothing."""
    rows = _table(scores, ("application_id", "decision", "decision_path", "limit", "policy_version"))
    row = rows[rows["application_id"] == application_id]
    if len(row) != 1 or pd.isna(row["decision"].iloc[0]):
        raise InputError(f"{scores}: {len(row)} decisions about application {application_id!r}; expected one")
    said = row.iloc[0].to_dict()
    override = Override(
        application_id=application_id,
        original_decision=str(said["decision"]),
        final_decision=decision,
        original_limit=float(said["limit"]),
        final_limit=float(said["limit"]) if limit is None else limit,
        decision_path=str(said["decision_path"]),
        decided_on=_day(decided_on or date.today().isoformat()),
        policy_version=str(said["policy_version"]),
        **{**told, "expires_on": _day(told["expires_on"])},
    )
    return override, load(policy).policy.limits.desk_authority


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(f"{text!r} is no day; expected YYYY-MM-DD") from None


def report(decisions: Path, outcomes: Path | None, path: Path = LOG) -> dict[str, object]:
    """Return the review of the log against what the policy decided (scores of `admission score`) and how it turned out."""
    decided = _table(decisions, ("application_id", "decision"))
    known = decided.assign(defaulted=float("nan"))
    if outcomes is not None:
        labels = _table(outcomes, ("application_id", "label")).rename(columns={"label": "defaulted"})
        known = decided.merge(labels, on="application_id", how="left")
    return review(read(path), len(decided), known)


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        return pd.read_parquet(path, columns=list(columns))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected parquet with the columns {', '.join(columns)}: {error}") from None


def _checked(text: str, path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        try:
            line = json.loads(raw)
            own = line["hash"] == _hash({key: value for key, value in line.items() if key != "hash"})
            follows = line["previous"] == (lines[-1]["hash"] if lines else FIRST)
        except (ValueError, KeyError, TypeError):
            own = follows = False
        if not (own and follows):
            raise InputError(
                f"{path}, line {number}: the line was changed, or one before it is gone; restore the log from a copy"
            )
        lines.append(line)
    return lines


def _hash(line: dict[str, Any]) -> str:
    return sha256(json.dumps(line, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
