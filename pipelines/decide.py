"""Stage `decide`: the policy's answer to everybody who asked since the test began, and what other policies would have said.

All of them, the declined and those without an outcome too: a policy is judged on who comes through the door. The rows are
scored and decided as `admission score` does it.
"""

import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from models.bundle import Bundle
from models.grades import MasterScale
from models.metrics.intervals import jeffreys_interval
from models.policy.cut_off_curve import cut_off_curve
from models.policy.decision import decide
from models.policy.portfolio import binding_caps, by_decision, knock_out_hits, path_counts
from models.policy.swap_set import swap_set, worst_exposure
from models.splits import DEVELOPMENT, TEST
from pipelines import policy
from pipelines.errors import InputError
from pipelines.featurize import FEATURES
from pipelines.ingest import CANONICAL
from pipelines.io import engine, fingerprint, fresh_folder, read_canonical, read_json, write_json
from pipelines.params import Params
from pipelines.policy import Loaded
from pipelines.scoring.decisions import ANSWERS, Decider
from pipelines.scoring.evidence import evidence
from pipelines.scoring.worker import Stamp, Worker
from pipelines.split import SAMPLES
from pipelines.split import SUMMARY as SPLIT
from pipelines.train import BUNDLE
from pipelines.train import SUMMARY as MODEL

log = logging.getLogger(__name__)

FOLDER = Path("data/decide")
DECISIONS, POLICY = FOLDER / "decisions.parquet", FOLDER / "policy.json"


def run(params: Params) -> None:
    """Run the stage in the project's folders."""
    loaded = policy.load(params.decide.policy)
    others = [policy.load(name) for name in params.decide.compare_with]
    bundle = Bundle.read(BUNDLE, read_json(MODEL)["bundle_sha256"])
    people = _through_the_door(params)
    decided = _decided(people, bundle, loaded)
    found = judged(decided, bundle.grades, loaded, others)
    # Not before: a policy misspelt shall not cost the last good answers.
    fresh_folder(FOLDER)
    decided.drop(columns="label").to_parquet(DECISIONS, index=False)
    write_json(POLICY, found)
    told = ", ".join(f"{row['n']} {row['decision']}" for row in found["policies"][0]["decisions"])
    log.info("%s: %d applications, %s", loaded.version, len(decided), told)


class Answers(NamedTuple):
    """What the stage left: the policy in force, and its answers with what it read of each application."""

    loaded: Loaded
    rows: pd.DataFrame


def read_answers(params: Params) -> Answers:
    """Return what the stage found in the project's folders; InputError if the policy has changed since."""
    loaded, stated = wanted_and_stated(params)
    if loaded.version != stated:
        raise InputError(
            f"{FOLDER} was decided by policy {stated}, decide.policy is {loaded.version} now; run `admission decide` again"
        )
    return Answers(loaded, pd.read_parquet(DECISIONS))


def wanted_and_stated(params: Params) -> tuple[Loaded, str]:
    """Return the policy that the parameters name and the version that has decided; InputError if either is not there."""
    return policy.load(params.decide.policy), read_json(POLICY)["in_force"]["version"]


def _through_the_door(params: Params) -> pd.DataFrame:
    """Return the applications since the first day of the test with features, evidence and, where known, the outcome.

    A random test has no first day: there it is all applications of customers that development never saw.
    """
    samples = pd.read_parquet(SAMPLES)
    test, learnt = samples[samples["sample"].isin(TEST)], samples[samples["sample"] == DEVELOPMENT]
    first_day = test["as_of"].min().date()
    rows = pd.read_parquet(FEATURES)
    rows = rows[rows["as_of"] >= first_day]
    if read_json(SPLIT)["scheme"] == "random":
        rows = rows[~rows["customer_id"].isin(learnt["customer_id"])]
    with engine(params.engine) as connection:
        tables = read_canonical(connection, CANONICAL)
        applications = tables["applications"]
        since = applications.filter(applications.as_of >= first_day)
        asked = connection.to_pyarrow(evidence({**tables, "applications": since}, params.featurize.complete_sources))
    labels = test[["application_id", "label"]]
    found = rows.merge(asked.to_pandas(), on="application_id").merge(labels, on="application_id", how="left")
    return found.sort_values("application_id", ignore_index=True)


def _decided(people: pd.DataFrame, bundle: Bundle, loaded: Loaded) -> pd.DataFrame:
    """Return what the policy read of each application, what it answered, and the outcome."""
    stamp = Stamp(bundle.sha256, str(bundle.fingerprints["feature_set"]), loaded.version, fingerprint([FEATURES]))
    worker = Worker(bundle, stamp, with_reasons=False, decider=Decider(loaded, bundle.grades))
    batch = pa.RecordBatch.from_pandas(people.drop(columns="label"), preserve_index=False)
    scored = worker.score(batch, np.arange(1, len(people) + 1))
    if scored.rejects or scored.inputs is None:
        first = scored.rejects[0]
        raise InputError(f"{len(scored.rejects)} applications cannot be scored, {first.key} first: {first.reason}")
    answers = scored.records.select(["grade", *ANSWERS]).to_pandas()
    return pd.concat([scored.inputs, answers, people[["label"]]], axis=1)


class _Policy(NamedTuple):
    """A policy and what it says of the applications."""

    loaded: Loaded
    said: pd.DataFrame


def judged(decided: pd.DataFrame, scale: MasterScale, loaded: Loaded, others: list[Loaded]) -> dict[str, Any]:
    """Return what the report tells of policies: each one's decisions, and of the one in force everything behind them.

    `decided` holds what policies read of each application, and `label`: its outcome, missing where it is not known.
    """
    all_ = [_Policy(one, decide(decided, one.policy, scale)) for one in (loaded, *others)]
    own = all_[0]
    return {
        "in_force": _terms(loaded),
        "n": len(decided),
        "outcomes": int(decided["label"].notna().sum()),
        "policies": [_told(decided, one) for one in all_],
        "swaps": [{"with": other.loaded.policy.name, "rows": _swaps(decided, own, other)} for other in all_[1:]],
        "knock_outs": _rows(knock_out_hits(decided, loaded.policy)),
        "path": path_counts(own.said),
        "binding_caps": binding_caps(own.said),
        "curve": _rows(_with_interval(cut_off_curve(decided, loaded.policy, scale))),
    }


def _with_interval(curve: pd.DataFrame) -> pd.DataFrame:
    """Add between what rates the default rate of the known outcomes surely lies."""
    low, high = jeffreys_interval(curve["bads"], curve["outcomes"])
    return curve.assign(low=low, high=high)


def _terms(loaded: Loaded) -> dict[str, Any]:
    """Return the policy's own numbers, as far as the report prints them."""
    chosen, bands = loaded.policy, loaded.policy.bands
    economics = {name: getattr(chosen.economics, name) for name in chosen.economics.__dataclass_fields__}
    return {
        "name": chosen.name,
        "version": loaded.version,
        "en": chosen.en,
        "zh": chosen.zh,
        "owner": chosen.owner,
        "valid_from": chosen.valid_from,
        "bands": {name: getattr(bands, name) for name in bands.__dataclass_fields__},
        "economics": economics,
        "pd_cap": chosen.pd_cap,
    }


def _told(decided: pd.DataFrame, one: _Policy) -> dict[str, Any]:
    chosen = one.loaded.policy
    return {
        "name": chosen.name,
        "en": chosen.en,
        "zh": chosen.zh,
        "decisions": _rows(by_decision(decided, one.said, chosen)),
        "worst_exposure": worst_exposure(one.said),
        "worst_exposure_allowed": chosen.worst_exposure_share,
    }


def _swaps(decided: pd.DataFrame, own: _Policy, other: _Policy) -> list[dict[str, Any]]:
    return _rows(swap_set(decided, own.said, other.said, (own.loaded.policy, other.loaded.policy)))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as plain values; what is not a number is None."""
    return [
        {str(key): None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]


if __name__ == "__main__":
    from pipelines.cli import run_stage

    run_stage("decide")
