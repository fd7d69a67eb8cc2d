import contextlib
import json

import pandas as pd
import pytest
from main_job import copy_of_run, finished_run, params

from features.dimensions import CATALOGUE
from models.bundle import Bundle, BundleError
from pipelines import evaluate, train
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
