"""The battery put on a model: its inputs, its records, its segments."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from models.grades import MasterScale
from models.metrics.battery import CHECKS
from models.metrics.battery_proofs import PROOFS
from models.metrics.check import PROJECT, Judgement
from models.metrics.discrimination import auc
from models.scaling import PointsScale
from models.validation import as_record, battery_inputs, judge_all, quarters, rows_behind, segment_tables, segments

SCALE = MasterScale.from_points(PointsScale())


def rows(n: int, seed: int, since: str) -> pd.DataFrame:
    """Applications of customers who apply twice, with calibrated log-odds."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-2.5, 1.3, n)
    return pd.DataFrame(
        {
            "customer_id": [f"C{k // 2}" for k in range(n)],
            "as_of": pd.date_range(since, periods=n, freq="12h"),
            "label": (random.random(n) < expit(log_odds)).astype(int),
            "log_odds": log_odds,
            "cx_industry": random.choice(["C", "E"], n),
            "cx_log_assets": random.normal(10, 1, n),
            "cx_is_new_customer": random.choice([0.0, 1.0], n),
            "pf_roa": random.normal(0, 1, n),
        }
    )


DEVELOPMENT, RECENT = rows(3000, 1, "2020-01-01"), rows(2000, 2, "2024-06-01")
RECENT.loc[:99, "cx_log_assets"] = np.nan


@pytest.fixture(scope="module")
def inputs() -> dict[str, Any]:
    return battery_inputs(RECENT, DEVELOPMENT, ["pf_roa"], SCALE, RECENT["log_odds"].to_numpy() / 2)


def test_the_inputs_serve_every_check_and_a_sound_model_has_no_red_one(inputs: dict[str, Any]) -> None:
    found = {judgement.check: judgement for judgement in judge_all(CHECKS, inputs)}

    assert list(found) == list(CHECKS)
    assert all(judgement.figure is not None for judgement in found.values())
    # The challenger ranks exactly as the model does.
    assert found["challenger_lead"].verdict == "amber"
    assert "red" not in {judgement.verdict for judgement in found.values()}


def test_development_is_the_reference_and_the_test_is_judged(inputs: dict[str, Any]) -> None:
    assert inputs["auc_at_development"] == pytest.approx(auc(DEVELOPMENT["label"], DEVELOPMENT["log_odds"]))
    assert inputs["n_by_grade"].sum() == len(RECENT)
    assert inputs["n_by_grade_at_development"].sum() == len(DEVELOPMENT)
    # Scores rise with quality: the opposite of log-odds.
    assert (inputs["score"] == -RECENT["log_odds"]).all()
    assert (inputs["score_at_development"] == -DEVELOPMENT["log_odds"]).all()


def test_a_customer_moves_from_each_application_to_the_next_in_time() -> None:
    one = RECENT.head(3).assign(customer_id="C1", log_odds=[-5.0, 0.0, -5.0]).iloc[[2, 0, 1]]
    another = DEVELOPMENT.head(4).assign(customer_id=list("abcd"), label=[0, 1, 0, 1])

    moves = battery_inputs(one, another, ["pf_roa"], SCALE, np.zeros(3))["migration_matrix"]

    safe, risky = SCALE.grade(expit(np.array([-5.0, 0.0])))
    assert moves.to_numpy().sum() == 2
    assert moves.loc[safe, risky] == moves.loc[risky, safe] == 1


def test_a_check_rests_on_the_applications_of_the_test_and_migrations_on_moves(inputs: dict[str, Any]) -> None:
    assert rows_behind(CHECKS["gini"], inputs) == rows_behind(CHECKS["csi"], inputs) == len(RECENT)
    assert rows_behind(CHECKS["upper_bandwidth"], inputs) == inputs["migration_matrix"].to_numpy().sum()


def test_a_record_tells_all_that_its_reader_needs() -> None:
    record = as_record(Judgement("gini", 0.55, "green"), CHECKS["gini"], 2000, {"value": 0.55, "low": 0.5, "high": 0.6})

    assert (record["id"], record["battery"], record["figure"], record["n"]) == ("gini", "V01", 0.55, 2000)
    assert (record["low"], record["high"], record["verdict"]) == (0.5, 0.6, "green")
    assert (record["green"], record["amber"], record["range"]) == ([0.5, 1.0], [0.35, 1.0], [-1.0, 1.0])
    assert (record["better"], record["thresholds"]) == ("higher", PROJECT)


def test_what_is_endless_or_not_judged_or_without_interval_is_null() -> None:
    z = as_record(Judgement("spiegelhalter_z", 0.3, "green"), CHECKS["spiegelhalter_z"], 10)
    reported = as_record(Judgement("auc", 0.8, None), CHECKS["auc"], 10)

    assert z["range"] == [None, None]
    assert z["low"] is z["high"] is None
    assert reported["verdict"] == "reported"
    assert reported["green"] is reported["amber"] is None


SOUND = {"gap": 1e-12, "share_tau": 0.9, "worst_overlap": 0.7, "against_direction": 0, "uncertified": 0}


@pytest.mark.parametrize("check", PROOFS)
def test_sound_proofs_are_green_and_what_could_not_be_found_is_not_enough_data(check: str) -> None:
    taken = PROOFS[check].takes[0]

    assert PROOFS[check].judge(**SOUND).verdict == "green"
    assert PROOFS[check].judge(**{taken: np.nan}).verdict == "not enough data"


@pytest.mark.parametrize(
    ("check", "figure", "verdict"),
    [
        ("additivity", 1e-6, "green"),
        ("additivity", 2e-6, "red"),
        ("share_tau", 0.8, "green"),
        ("share_tau", 0.65, "amber"),
        ("share_tau", 0.64, "red"),
        ("worst_overlap", 0.6, "green"),
        ("worst_overlap", 0.4, "amber"),
        ("worst_overlap", 0.39, "red"),
        ("directions", 1, "red"),
        ("certificate", 1, "red"),
    ],
)
def test_proofs_are_judged_at_their_bounds(check: str, figure: float, verdict: str) -> None:
    assert PROOFS[check].judge(**{PROOFS[check].takes[0]: figure}).verdict == verdict


def test_no_key_of_a_proof_is_that_of_a_check() -> None:
    assert not PROOFS.keys() & CHECKS.keys()
    assert {check.battery for check in PROOFS.values()} == {"V26", "V27", "V28"}


def test_rows_of_which_a_cut_is_not_known_are_a_segment_of_their_own() -> None:
    tables = segment_tables(RECENT, DEVELOPMENT)

    assert set(tables) == {"industry", "size", "customer"}
    assert all(table["n"].sum() == len(RECENT) for table in tables.values())
    assert tables["size"].set_index("segment").loc["size: unknown", "n"] == 100


def test_sizes_are_thirds_of_development() -> None:
    bands = segments(DEVELOPMENT, DEVELOPMENT)["size"].value_counts()

    assert bands.to_dict() == {"small": 1000, "medium": 1000, "large": 1000}


def test_without_any_cut_all_rows_are_one_segment() -> None:
    bare = ["label", "log_odds", "as_of", "customer_id"]

    assert [*segment_tables(RECENT[bare], DEVELOPMENT)] == ["all"]


def test_quarters_are_those_of_the_calendar() -> None:
    assert quarters(pd.Series(["2024-03-31", "2024-04-01"])) == ["2024Q1", "2024Q2"]
