"""Command `promote`: a recorded run becomes champion or challenger of the registry, if the gates let it, and the log says why.

MLflow moves an alias without a word; here every move has an author, a reason and the evidence it rested on.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from models.bundle import Bundle
from pipelines.errors import InputError
from pipelines.params import Params
from pipelines.promotion import approvals, evidence
from pipelines.promotion.gates import Gate, gates
from pipelines.scoring.model import BUNDLE_HASH, read_model
from pipelines.track import address

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


class ClosedGatesError(InputError):
    """A gate says no; the message holds what each gate found."""


def promote(
    params: Params, run_id: str | None, alias: Alias, signed: Signature, *, override: bool = False
) -> dict[str, Any]:
    """Register a recorded run, pass the gates, log the approval, move the alias; return the entry of the log.

    `run_id` None is the newest finished run. ClosedGatesError, and nothing moves, if a gate says no and `override` is not set;
    with it the entry says which gates were overridden.
    """
    client, model = _client(), params.promote.model
    run = _run(client, params, run_id)
    candidate = evidence.read(client, run.info.run_id, run.data.tags[BUNDLE_HASH])
    _registered(client, model)
    before = _version_at(client, model, "champion")
    found = gates(candidate, _bundle_at(model, "champion") if before else None, params.promote)
    closed = [gate for gate in found if not gate.passed]
    if closed and not override:
        raise ClosedGatesError(f"run {run.info.run_id} is not promoted:\n{in_words(found)}")
    version = _version_of(client, model, run.info.run_id, candidate.bundle.sha256)
    said = {
        "action": "promote",
        "alias": alias,
        "version": version,
        "run_id": run.info.run_id,
        "bundle_sha256": candidate.bundle.sha256,
        "commit": run.data.tags.get("git.commit", ""),
        "auc": candidate.metrics["out_of_time"]["auc"]["value"],
        "gates": [gate._asdict() for gate in found],
        "overridden": [gate.name for gate in closed],
        "champion_before": before,
    }
    entry = _signed(client, model, said, signed)
    if alias == "champion" and before and before != version:
        client.set_registered_model_alias(model, PREVIOUS, before)
    client.set_registered_model_alias(model, alias, version)
    return entry


def rollback(params: Params, signed: Signature) -> dict[str, Any]:
    """Give the alias champion back to the version before, and log it; InputError if there is none."""
    client, model = _client(), params.promote.model
    _registered(client, model)
    now, before = _version_at(client, model, "champion"), _version_at(client, model, PREVIOUS)
    if not before:
        raise InputError(f"{model} has no champion before version {now or 'none'}; there is nothing to go back to")
    entry = _signed(
        client, model, {"action": "rollback", "alias": "champion", "version": before, "champion_before": now}, signed
    )
    client.set_registered_model_alias(model, "champion", before)
    client.delete_registered_model_alias(model, PREVIOUS)
    return entry


def history(params: Params) -> list[dict[str, Any]]:
    """Return the approval log; InputError if an entry is not what was written."""
    client = _client()
    _registered(client, params.promote.model)
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


def _client() -> Any:
    import logging

    import mlflow

    for noisy in ("alembic", "mlflow", "sqlalchemy"):
        logging.getLogger(noisy).setLevel("WARNING")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    mlflow.set_tracking_uri(address(os.environ.get("MLFLOW_TRACKING_URI")))
    return mlflow.MlflowClient()


def _run(client: Any, params: Params, run_id: str | None) -> Any:
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(params.track.experiment)
    if run_id is None and experiment is not None:
        newest = client.search_runs([experiment.experiment_id], "attributes.status = 'FINISHED'", max_results=1)
        run_id = newest[0].info.run_id if newest else None
    if run_id is None:
        raise InputError("no run is recorded yet; run `admission repro` (or `admission track`) first")
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        raise InputError(f"run {run_id}: {str(error).splitlines()[0]}; `mlflow ui` lists the runs") from None
    if BUNDLE_HASH not in run.data.tags:
        raise InputError(f"run {run_id} was not recorded by `admission track`; it states no {BUNDLE_HASH}")
    return run


def _registered(client: Any, model: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(model)
    except MlflowException:
        client.create_registered_model(model, description="Customer admission: bundles that passed the gates")


def _version_of(client: Any, model: str, run_id: str, sha256: str) -> str:
    """Return the version of a run, registering it once."""
    known = client.search_model_versions(f"name = '{model}' and run_id = '{run_id}'")
    if known:
        return str(known[0].version)
    logged = client.get_run(run_id).outputs.model_outputs[0].model_id
    version = client.create_model_version(model, f"models:/{logged}", run_id, tags={BUNDLE_HASH: sha256})
    return str(version.version)


def _version_at(client: Any, model: str, alias: str) -> str | None:
    version = client.get_registered_model(model).aliases.get(alias)
    return None if version is None else str(version)


def _bundle_at(model: str, alias: str) -> Bundle:
    return read_model(f"models:/{model}@{alias}")
