"""Command `promote`: a recorded run becomes champion or challenger of the registry, if the gates let it, and the log says why.

MLflow moves an alias without a word; here every move has an author, a reason and the evidence it rested on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from pipelines.errors import InputError
from pipelines.params import Params
from pipelines.promotion import approvals, evidence
from pipelines.promotion.gates import Gate, gates
from pipelines.scoring.model import BUNDLE_HASH, read_model
from pipelines.track import open_store, store_errors_in_words

Alias = Literal["champion", "challenger"]
PREVIOUS = "previous_champion"


@dataclass(frozen=True)
class Signature:
    """Who decides, in which role, and why."""

    by: str
    role: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse what nobody signed."""
        blank = [name for name, value in vars(self).items() if not value.strip()]
        if blank:
            raise InputError(f"--{blank[0]} is empty: a promotion needs who decides, in which role, and why")


class _Examined(NamedTuple):
    """A recorded run, what speaks for it, the champion's version before, and what the gates found."""

    run: Any
    candidate: evidence.Evidence
    before: str | None
    gates: list[Gate]


class ClosedGatesError(InputError):
    """A gate says no; the message holds what each gate found."""


def promote(
    params: Params, run_id: str | None, alias: Alias, signed: Signature, *, override: bool = False
) -> dict[str, Any]:
    """Register a recorded run, pass the gates, log the approval, move the alias; return the entry of the log.

    `run_id` None is the newest finished run. ClosedGatesError, and nothing moves, if a gate says no and `override` is not set;
    with it the entry says which gates were overridden.
    """
    with _registry(params) as (client, experiment):
        found = _examined(client, experiment, params, run_id)
        closed = [gate for gate in found.gates if not gate.passed]
        if closed and not override:
            raise ClosedGatesError(f"run {found.run.info.run_id} is not promoted:\n{in_words(found.gates)}")
        return _moved(client, params.promote.model, alias, found, signed)


def examine(params: Params, run_id: str | None = None) -> list[Gate]:
    """Return what the gates say of a recorded run, the newest by default; nothing is registered or moved."""
    with _registry(params) as (client, experiment):
        return _examined(client, experiment, params, run_id).gates


def rollback(params: Params, signed: Signature) -> dict[str, Any]:
    """Give the alias champion back to the version before, and log it; InputError if there is none."""
    model = params.promote.model
    with _registry(params) as (client, _):
        now, before = _version_at(client, model, "champion"), _version_at(client, model, PREVIOUS)
        if not before:
            before_it = f"before version {now}" if now else "yet"
            raise InputError(f"{model} has no champion {before_it}; there is nothing to go back to")
        said = {"action": "rollback", "alias": "champion", "version": before, "champion_before": now}
        entry = _signed(client, model, said, signed)
        client.set_registered_model_alias(model, "champion", before)
        client.delete_registered_model_alias(model, PREVIOUS)
        return entry


def history(params: Params) -> list[dict[str, Any]]:
    """Return the approval log; InputError if an entry is not what was written."""
    with _registry(params) as (client, _):
        return approvals.read(client, params.promote.model)


def in_words(found: list[Gate]) -> str:
    """Return the gates as lines for people."""
    return "\n".join(f"  {'pass' if gate.passed else 'NO  '}  {gate.name}: {gate.words}" for gate in found)


def told(entry: dict[str, Any]) -> str:
    """Return an entry of the log as lines for people."""
    closed = f", overriding {', '.join(entry['overridden'])}" if entry.get("overridden") else ""
    return (
        f"{entry['at']}  {entry['action']}: version {entry['version']} is {entry['alias']} "
        f"(before: {entry['champion_before'] or 'none'}), by {entry['by']} ({entry['role']}){closed}: {entry['reason']}"
    )


def _signed(client: Any, model: str, said: dict[str, Any], signed: Signature) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return approvals.append(client, model, {"at": at, **vars(signed), **said})


@contextmanager
def _registry(params: Params) -> Iterator[tuple[Any, str]]:
    """Give a client of the store and its experiment; InputError, not MLflow's own, if it cannot be used."""
    server = os.environ.get("MLFLOW_TRACKING_URI")
    with store_errors_in_words(server):
        yield open_store(server, params.track.experiment)


def _examined(client: Any, experiment: str, params: Params, run_id: str | None) -> _Examined:
    model = params.promote.model
    run = _run(client, experiment, run_id)
    candidate = evidence.read(client, run.info.run_id, run.data.tags[BUNDLE_HASH])
    before = _version_at(client, model, "champion")
    champion = read_model(f"models:/{model}@champion") if before else None
    return _Examined(run, candidate, before, gates(candidate, champion, params.promote))


def _moved(client: Any, model: str, alias: Alias, found: _Examined, signed: Signature) -> dict[str, Any]:
    """Register the run, log who approved it on what evidence, and only then move the alias."""
    run_id, sha256 = found.run.info.run_id, found.candidate.bundle.sha256
    version = _version_of(client, model, run_id, sha256)
    said = {
        "action": "promote",
        "alias": alias,
        "version": version,
        "run_id": run_id,
        "bundle_sha256": sha256,
        "commit": found.run.data.tags.get("git.commit", ""),
        "auc": found.candidate.metrics["out_of_time"]["auc"]["value"],
        "gates": [gate._asdict() for gate in found.gates],
        "overridden": [gate.name for gate in found.gates if not gate.passed],
        "champion_before": found.before,
    }
    entry = _signed(client, model, said, signed)
    if alias == "champion" and found.before and found.before != version:
        client.set_registered_model_alias(model, PREVIOUS, found.before)
    client.set_registered_model_alias(model, alias, version)
    return entry


def _run(client: Any, experiment: str, run_id: str | None) -> Any:
    from mlflow.exceptions import MlflowException

    if run_id is None:
        # Trials of a search are runs too, and younger than the run that they belong to; they state no bundle.
        whole = f"attributes.status = 'FINISHED' and tags.`{BUNDLE_HASH}` != ''"
        newest = client.search_runs([experiment], whole, max_results=1)
        if not newest:
            raise InputError("no run is recorded yet; run `admission repro` (or `admission track`) first")
        return newest[0]
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        raise InputError(f"run {run_id}: {str(error).splitlines()[0]}; `mlflow ui` lists the runs") from None
    if BUNDLE_HASH not in run.data.tags:
        raise InputError(f"run {run_id} was not recorded by `admission track`; it states no {BUNDLE_HASH}")
    return run


def _version_of(client: Any, model: str, run_id: str, sha256: str) -> str:
    """Return the version of a run, registering it once."""
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model, description="Customer admission: bundles that passed the gates")
    known = client.search_model_versions(f"name = '{model}' and run_id = '{run_id}'")
    if known:
        return str(known[0].version)
    logged = client.get_run(run_id).outputs.model_outputs[0].model_id
    version = client.create_model_version(model, f"models:/{logged}", run_id, tags={BUNDLE_HASH: sha256})
    return str(version.version)


def _version_at(client: Any, model: str, alias: str) -> str | None:
    known = client.search_registered_models(f"name = '{model}'")
    version = known[0].aliases.get(alias) if known else None
    return None if version is None else str(version)
