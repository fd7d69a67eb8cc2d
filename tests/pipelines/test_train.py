import contextlib
import json

import numpy as np
import pandas as pd
import pytest
from main_job import copy_of_run, finished_run, params

from features.dimensions import CATALOGUE
from models.bundle import Bundle, BundleError
from models.metrics.discrimination import auc
from models.splits import TEST
from pipelines import evaluate, train
from pipelines.development import unfitted_model
from pipelines.errors import InputError


def test_training_again_on_the_same_data_gives_the_same_bundle_byte_for_byte(tmp_path):
    before = {p.name: p.read_bytes() for p in (finished_run() / train.BUNDLE).iterdir()}

    with copy_of_run(tmp_path):
        train.run(params())
        after = {p.name: p.read_bytes() for p in train.BUNDLE.iterdir()}

    assert after == before


def test_the_bundle_carries_the_directions_of_the_catalogue():
    bundle = Bundle.read(finished_run() / train.BUNDLE)

    assert bundle.directions == CATALOGUE.directions(list(bundle.encoder.names))


def test_the_bundle_standardises_within_the_categories_that_the_catalogue_names():
    encoder = Bundle.read(finished_run() / train.BUNDLE).encoder
    named = {name: CATALOGUE.feature(name).standardise_within for name in encoder.names}

    assert {name: s.within for name, s in encoder.standards.items()} == {n: c for n, c in named.items() if c}


def test_without_the_category_in_the_model_a_number_stays_as_it_is():
    model = unfitted_model(params(), ["en_ghg_intensity_log", "sv_current_ratio"])
    complete = unfitted_model(params(), ["en_ghg_intensity_log", "cx_industry"])

    assert model.standardise_within == {}
    assert complete.standardise_within == {"en_ghg_intensity_log": "cx_industry"}


def test_a_direction_lifted_in_the_parameters_is_no_constraint(tmp_path):
    with copy_of_run(tmp_path):
        train.run(params(train={"unconstrained": ["sv_current_ratio"]}))
        bundle = Bundle.read(train.BUNDLE)

    assert bundle.directions["sv_current_ratio"] == 0
    assert bundle.directions["sv_quick_ratio"] == -1


def test_lifting_the_direction_of_a_feature_nobody_declared_is_refused_by_name(tmp_path):
    with (
        copy_of_run(tmp_path),
        pytest.raises(InputError, match=r"train\.unconstrained names unknown features: sv_curent"),
    ):
        train.run(params(train={"unconstrained": ["sv_curent"]}))


def with_planted_future() -> None:
    """Put what became of each application into a feature, slightly blurred."""
    features, samples = pd.read_parquet(train.FEATURES), pd.read_parquet(train.SAMPLES)
    future = features["application_id"].map(samples.set_index("application_id")["label"]).astype(float)
    blurred = future + 0.05 * np.random.default_rng(0).standard_normal(len(future))
    features.assign(sv_current_ratio=blurred).to_parquet(train.FEATURES, index=False)


def test_a_planted_feature_that_knows_the_future_stops_the_training_by_name(tmp_path):
    with copy_of_run(tmp_path):
        with_planted_future()

        with pytest.raises(
            InputError, match=r"leak alarm .*\n  sv_current_ratio ranks the defaults alone with an AUC of 1"
        ):
            train.run(params())


def test_a_feature_named_as_trusted_passes_the_leak_alarm(tmp_path):
    with copy_of_run(tmp_path):
        with_planted_future()
        train.run(params(train={"trusted": ["sv_current_ratio"]}))

        assert json.loads(train.SUMMARY.read_text())["trees"] > 0


def test_a_model_taught_shuffled_outcomes_ranks_nobody_out_of_time(tmp_path):
    """The canary: if labels shuffled within each quarter could be learnt, rows would leak from development to test."""
    with copy_of_run(tmp_path):
        samples = pd.read_parquet(train.SAMPLES)
        quarter = pd.to_datetime(samples["as_of"]).dt.to_period("Q")
        known = samples["label"].notna()
        shuffled = (
            samples[known]
            .groupby(quarter[known])["label"]
            .transform(lambda labels: np.random.default_rng(0).permutation(labels))
        )
        samples.assign(label=shuffled).to_parquet(train.SAMPLES, index=False)
        train.run(params(train={"n_estimators": 60}))
        features = pd.read_parquet(train.FEATURES).drop(columns=["customer_id", "as_of"])
        test = samples[samples["sample"].isin(TEST)].merge(features, on="application_id")
        risk = Bundle.read(train.BUNDLE).pd(test)

    truth, lie = test["label"].astype(int), shuffled.loc[samples["sample"].isin(TEST)].astype(int)
    for outcome in (truth, lie):
        assert abs(auc(outcome, risk) - 0.5) <= 3 * chance_error(outcome)


def chance_error(outcome: pd.Series) -> float:
    """Standard error of the AUC of a ranking without any knowledge (Hanley and McNeil 1982, at AUC 0.5)."""
    bads, goods = outcome.sum(), (1 - outcome).sum()
    return float(np.sqrt((bads + goods + 1) / (12 * bads * goods)))


def test_a_development_sample_of_goods_alone_cannot_train_and_says_so(tmp_path):
    with copy_of_run(tmp_path):
        samples = pd.read_parquet(train.SAMPLES)
        samples.assign(label=0).to_parquet(train.SAMPLES, index=False)

        with pytest.raises(InputError, match="needs goods and bads"):
            train.run(params())


def test_training_reads_no_truth(tmp_path):
    with copy_of_run(tmp_path):
        for file in (tmp_path / "data" / "truth").iterdir():
            file.unlink()
        train.run(params())
        found = json.loads(train.SUMMARY.read_text())["bundle_sha256"]

    assert found == json.loads((finished_run() / train.SUMMARY).read_text())["bundle_sha256"]


def test_an_edited_bundle_is_refused_before_it_scores_anybody(tmp_path):
    with copy_of_run(tmp_path):
        model = train.BUNDLE / "model.txt"
        model.write_text(model.read_text().replace("leaf_value=", "leaf_value=9", 1))

        with pytest.raises(BundleError, match=r"model\.txt is not the file its manifest was written with"):
            evaluate.run(params())


def test_the_fingerprint_of_the_data_moves_with_one_feature_value(tmp_path):
    with copy_of_run(tmp_path):
        features = pd.read_parquet(train.FEATURES)
        features.loc[0, "sv_current_ratio"] = 1.2345
        features.to_parquet(train.FEATURES, index=False)
        train.run(params())
        changed = json.loads(train.SUMMARY.read_text())["fingerprints"]

    with contextlib.chdir(finished_run()):
        original = json.loads(train.SUMMARY.read_text())["fingerprints"]
    assert changed["data"] != original["data"]
    assert changed["params"] == original["params"]


def test_the_bundle_carries_the_certificate_of_every_direction_it_promises():
    bundle = Bundle.read(finished_run() / train.BUNDLE)
    promised = {name: sign for name, sign in bundle.directions.items() if sign}

    proofs = {name: entry["certificate"] for name, entry in bundle.reference.items() if "certificate" in entry}

    assert proofs.keys() == promised.keys()
    assert all(proof["direction"] == promised[name] for name, proof in proofs.items())
    assert all(proof["holds_if_known"] for proof in proofs.values())
    assert any(proof["trees_splitting"] for proof in proofs.values())


def test_a_model_whose_trees_break_a_direction_is_not_written():
    free = unfitted_model(params(train={"monotone": False}), ["sv_current_ratio", "cx_industry"])
    rows = pd.read_parquet(finished_run() / train.FEATURES)[["sv_current_ratio", "cx_industry"]]
    up_and_down = rows["sv_current_ratio"].rank(pct=True).mul(6).fillna(0).round() % 2
    free.fit(rows, up_and_down).set_params(directions={"sv_current_ratio": -1})

    with pytest.raises(InputError, match=r"the trees break the direction of sv_current_ratio .*do not use this model"):
        train._certified(free)


def test_the_level_of_the_pds_is_named_in_summary_and_bundle(tmp_path):
    with copy_of_run(tmp_path):
        observed = json.loads(train.SUMMARY.read_text())["level"]
        train.run(params(train={"central_tendency": 0.03, "n_estimators": 20}))
        summary, bundle = json.loads(train.SUMMARY.read_text()), Bundle.read(train.BUNDLE)

    assert observed == "point_in_time"
    assert summary["level"] == bundle.calibration.level == "through_the_cycle"
