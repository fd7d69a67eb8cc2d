import csv
import json
import logging

import pytest
from main_job import copy_of_run, params

from pipelines import train, tune
from pipelines.errors import InputError

SMALL_SEARCH = {"trials": 3, "n_folds": 2}
QUICK = {"n_estimators": 20, "early_stopping_rounds": 5}


def searched(**changes):
    """Parameters of a small search."""
    return params(tune=SMALL_SEARCH | changes, train=QUICK)


def lines(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_without_a_search_the_settings_of_section_train_stand(tmp_path):
    with copy_of_run(tmp_path):
        tune.run(params())

        settings = json.loads(tune.SETTINGS.read_text())
        assert (settings["searched"], settings["chosen"]) == (0, None)
        assert settings["settings"]["num_leaves"] == params().train.num_leaves
        assert lines(tune.TRIALS) == []
        assert tune.found_settings(params()) == {}


def test_a_search_leaves_its_trials_its_choice_and_a_model_of_it(tmp_path):
    with copy_of_run(tmp_path):
        tune.run(searched())
        train.run(searched())

        found = json.loads(tune.SETTINGS.read_text())
        (chosen,) = [trial for trial in lines(tune.TRIALS) if trial["chosen"] == "True"]
        assert int(chosen["trial"]) == found["chosen"]
        assert int(chosen["num_leaves"]) == found["settings"]["num_leaves"]
        assert [int(trial["trial"]) for trial in lines(tune.TRIALS)] == [0, 1, 2]
        assert json.loads(train.SUMMARY.read_text())["settings"].items() >= found["settings"].items()


def test_the_first_trial_has_the_settings_of_section_train(tmp_path):
    with copy_of_run(tmp_path):
        tune.run(searched(trials=1))

        own = searched().train
        assert int(lines(tune.TRIALS)[0]["num_leaves"]) == own.num_leaves
        assert float(lines(tune.TRIALS)[0]["reg_lambda"]) == own.reg_lambda


def test_a_search_that_goes_on_ends_byte_for_byte_as_one_without_a_stop(tmp_path, caplog):
    with copy_of_run(tmp_path / "whole"):
        tune.run(searched())
        whole = tune.TRIALS.read_bytes(), tune.SETTINGS.read_bytes()

    with copy_of_run(tmp_path / "stopped"):
        tune.run(searched(trials=2))
        with tune.journal().open("a", encoding="utf-8") as journal:
            journal.write('{"search": "cut off in the mid')
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="pipelines.tune"):
            tune.run(searched())
        again = tune.TRIALS.read_bytes(), tune.SETTINGS.read_bytes()

    assert again == whole
    assert sum(message.startswith("trial 3 of 3:") for message in caplog.messages) == 1
    assert not any(message.startswith("trial 1 of 3:") for message in caplog.messages)


def test_only_a_search_of_the_same_data_and_parameters_goes_on(tmp_path):
    with copy_of_run(tmp_path):
        tune.run(searched(trials=1))

        longer = tune._resumed(tune._fingerprint(searched(trials=9, seconds=1.0, within_standard_errors=0.5)))
        other_folds = tune._resumed(tune._fingerprint(searched(n_folds=3)))

        assert len(longer) == 1
        assert other_folds == []


def test_more_folds_than_the_bads_allow_are_refused_with_advice(tmp_path):
    with copy_of_run(tmp_path), pytest.raises(InputError, match=r"cannot search: fold .* bads .*tune\.n_folds"):
        tune.run(searched(n_folds=60))
