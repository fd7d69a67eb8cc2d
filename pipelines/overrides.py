"""The log of overrides: JSON lines, appended and never changed; every line holds the hash of the one before it.

A line edited, dropped or moved breaks the chain, and reading says where. A log cut off at its end, or written anew from its
first line, is whole in itself: only the hash of its last line, noted elsewhere, tells (`override report --head`).
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
from models.policy.swap_set import GRANTED
from pipelines.errors import InputError
from pipelines.policy import load

LOG = Path("data/overrides/log.jsonl")
FIRST = "0" * 64
"""What the first line holds in the place of a hash."""

SHOWN = 12
"""Digits of a hash that people are shown, and the fewest by which a line is found again."""


def add(override: Override, desk_authority: float | None, path: Path = LOG) -> str:
    """Append an override and return the hash of its line; InputError with every reason why it may not stand."""
    against = [*_unwritable(override), *objections(override, desk_authority)]
    if against:
        listed = "\n".join(f"  {sentence}" for sentence in against)
        raise InputError(f"override of {override.application_id} refused:\n{listed}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        # Two people at once would both follow the same line.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        lines = _checked(file.read(), path)
        line = {"previous": lines[-1]["hash"] if lines else FIRST, **asdict(override)}
        line["hash"] = _hash(line)
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return str(line["hash"])


def read(path: Path = LOG, head: str | None = None) -> list[Override]:
    """Return the overrides in the order they were made.

    `head` is the hash of a line that must be there, or its first 12 digits or more. InputError names the line where the chain
    is broken, or the head that is gone.
    """
    lines = _checked(path.read_bytes(), path) if path.exists() else []
    if head is not None and not (len(head) >= SHOWN and any(line["hash"].startswith(head) for line in lines)):
        raise InputError(
            f"{path} holds no line with the hash {head!r} ({SHOWN} digits or more): its end was cut off, or it was written "
            "anew; restore the log from a copy"
        )
    return [Override(**{field.name: line[field.name] for field in fields(Override)}) for line in lines]


def head_of(path: Path = LOG) -> str:
    """Return the hash of the last line, to be noted elsewhere; zeros for an empty log."""
    lines = _checked(path.read_bytes(), path) if path.exists() else []
    return str(lines[-1]["hash"]) if lines else FIRST


def asked(
    scores: Path,
    policy: str | None,
    application_id: str,
    decision: str,
    limit: float | None,
    decided_on: str | None,
    **told: Any,
) -> tuple[Override, float | None]:
    """Return an override beside what the policy said in the scores, and the desk's authority.

    `policy` is the name or file of the policy that decided; None: by the name in the record. `limit` None is the policy's, or
    0 for whoever is declined. InputError if the scores say nothing of the application, another policy decided it, the day
    lies before the application or in the future, or somebody is admitted without an amount.
    """
    rows = _table(scores, ("application_id", "as_of", "decision", "decision_path", "limit", "policy_version"))
    row = rows[rows["application_id"] == application_id]
    if len(row) != 1 or pd.isna(row["decision"].iloc[0]):
        said_nothing = len(row) == 1
        raise InputError(
            f"{scores}: {application_id!r} has no decision there; score with --policy first"
            if said_nothing
            else f"{scores}: {len(row)} decisions about application {application_id!r}; expected one"
        )
    said = row.iloc[0].to_dict()
    loaded = load(policy or str(said["policy_version"]).split(" ")[0])
    if loaded.version != said["policy_version"]:
        raise InputError(
            f"{scores}: {application_id!r} was decided by the policy {said['policy_version']!r}, not by {loaded.version!r}; "
            "name the file of the one that decided with --policy"
        )
    override = Override(
        application_id=application_id,
        original_decision=str(said["decision"]),
        final_decision=decision,
        original_limit=float(said["limit"]),
        final_limit=_final_limit(decision, float(said["limit"]), limit),
        decision_path=str(said["decision_path"]),
        decided_on=_decided_on(decided_on, pd.Timestamp(said["as_of"]).date()),
        policy_version=str(said["policy_version"]),
        **{**told, "expires_on": _day(told["expires_on"])},
    )
    return override, loaded.policy.limits.desk_authority


def _final_limit(decision: str, said: float, limit: float | None) -> float:
    if limit is not None:
        return limit
    if decision in GRANTED and said == 0:
        raise InputError(f"the policy's limit is 0, and {decision} of 0 grants nothing; name the limit with --limit")
    return 0.0 if decision == "decline" else said


def _decided_on(told: str | None, as_of: date) -> str:
    """Return the day of the decision, today if none is told: a day that has come, and not before the application's."""
    today = date.today().isoformat()
    day = _day(told or today)
    if not as_of.isoformat() <= day <= today:
        raise InputError(f"--decided-on {day}: expected a day from the application's as_of {as_of} to today, {today}")
    return day


def _unwritable(override: Override) -> list[str]:
    """Return a sentence for every text that is no Unicode, as broken input of a terminal is not."""
    texts = {name: value for name, value in asdict(override).items() if isinstance(value, str)}
    broken = [name for name, text in texts.items() if any("\ud800" <= letter <= "\udfff" for letter in text)]
    return [f"{name} holds bytes that are no text; write it in UTF-8" for name in broken]


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(f"{text!r} is no day; expected YYYY-MM-DD") from None


def report(
    decisions: Path, outcomes: Path | None, on: str | None = None, head: str | None = None, path: Path = LOG
) -> dict[str, object]:
    """Return the review of the log against what the policy decided (scores of `admission score`) and how it turned out.

    `on` is the day of the review, None: today; `head` as in `read`. The answer holds the log's own `head`.
    """
    decided = _table(decisions, ("application_id", "decision"))
    known = decided.assign(defaulted=float("nan"))
    if outcomes is not None:
        labels = _table(outcomes, ("application_id", "label")).rename(columns={"label": "defaulted"})
        known = decided.merge(labels, on="application_id", how="left")
    found = review(read(path, head), known, _day(on or date.today().isoformat()))
    return {**found, "head": head_of(path)}


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.exists():
        raise InputError(f"{path}: no such file; expected scores.parquet of a job with --policy")
    try:
        return pd.read_parquet(path, columns=list(columns))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: expected parquet with the columns {', '.join(columns)}: {error}") from None


def _checked(content: bytes, path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    *whole, rest = content.split(b"\n")
    # The next line would be written onto one that does not end.
    if rest:
        raise InputError(f"{path}, line {len(whole) + 1}: the line does not end; restore the log from a copy")
    for number, raw in enumerate(whole, start=1):
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
