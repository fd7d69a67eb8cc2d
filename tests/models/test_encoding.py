import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import Bundle
from models.encoding import FeatureEncoder
from models.scaling import PointsScale

FRAME = pd.DataFrame(
    {
        "industry": ["制造业", None, "建筑业", "制造业"],
        "current_ratio": [1.2, np.nan, 0.8, 2.0],
        "region": pd.Categorical(["north", "south", None, "south"], categories=["south", "north", "never used"]),
        "listed": [True, False, True, False],
    }
)


def test_categories_get_their_place_in_the_sorted_list_and_missing_stays_missing():
    encoder = FeatureEncoder.learn(FRAME)

    matrix = encoder.matrix(FRAME)

    assert encoder.categories == {"industry": ("制造业", "建筑业"), "region": ("north", "south")}
    assert encoder.category_places == [0, 2]
    expected = [[0, 1.2, 0, 1], [np.nan, np.nan, 1, 0], [1, 0.8, np.nan, 1], [0, 2.0, 1, 0]]
    np.testing.assert_array_equal(matrix, expected)


@pytest.mark.parametrize("dtype", ["object", "str", "category", "string"])
def test_the_kind_of_text_column_does_not_matter(dtype):
    encoder = FeatureEncoder.learn(FRAME)
    recast = FRAME.astype({"industry": dtype, "region": dtype})

    assert FeatureEncoder.learn(recast) == encoder
    np.testing.assert_array_equal(encoder.matrix(recast), encoder.matrix(FRAME))


@pytest.mark.parametrize("dtype", ["float32", "Float64", "object", "double[pyarrow]"])
def test_the_kind_of_number_column_does_not_matter(dtype):
    whole = pd.DataFrame({"employees": [10.0, np.nan, 250.0]})

    matrix = FeatureEncoder.learn(whole.astype(dtype)).matrix(whole.astype(dtype))

    np.testing.assert_array_equal(matrix, whole.to_numpy())


def test_reordered_and_extra_columns_are_put_right_by_name():
    encoder = FeatureEncoder.learn(FRAME)
    shuffled = FRAME[["listed", "region", "current_ratio", "industry"]].assign(customer_name="某公司")

    np.testing.assert_array_equal(encoder.matrix(shuffled), encoder.matrix(FRAME))


def test_missing_columns_are_refused_by_name():
    with pytest.raises(
        ValueError, match=r"2 of the model's 4 features are missing .*: industry, listed\. Compute them"
    ):
        FeatureEncoder.learn(FRAME).matrix(FRAME[["region", "current_ratio"]])


def test_an_industry_never_seen_becomes_missing_and_is_counted():
    encoder = FeatureEncoder.learn(FRAME)
    later = FRAME.assign(industry=["采矿业", "采矿业", None, "制造业"])

    assert encoder.unseen_categories(later) == {"industry": 2}
    assert np.isnan(encoder.matrix(later)[:3, 0]).all()
    assert encoder.unseen_categories(FRAME) == {}


def test_a_number_that_arrives_as_text_is_refused_with_its_column_and_first_value():
    with pytest.raises(ValueError, match=r"'current_ratio' was a number .* text now \(first value '1,2'\).*to_numeric"):
        FeatureEncoder.learn(FRAME).matrix(FRAME.assign(current_ratio=["1,2", "0,8", None, "2,0"]))


def test_text_that_arrives_as_a_number_is_refused_with_its_column():
    with pytest.raises(ValueError, match=r"'industry' was text when fitting and is int64 now"):
        FeatureEncoder.learn(FRAME).matrix(FRAME.assign(industry=[1, 2, 3, 4]))


def test_a_column_unknown_for_everyone_is_missing_whatever_its_kind():
    encoder = FeatureEncoder.learn(FRAME)

    matrix = encoder.matrix(FRAME.assign(industry=np.nan, current_ratio=None))

    assert np.isnan(matrix[:, :2]).all()


def test_infinite_values_are_refused_with_column_and_count():
    infinite = FRAME.assign(current_ratio=[np.inf, -np.inf, 1.0, 2.0])

    with pytest.raises(ValueError, match=r"infinite values in current_ratio \(2 rows\).*use NaN"):
        FeatureEncoder.learn(FRAME).matrix(infinite)


def test_huge_and_negative_numbers_pass_unchanged():
    extreme = pd.DataFrame({"profit": [-1e300, 1e300, -0.0]})

    assert FeatureEncoder.learn(extreme).matrix(extreme)[:, 0].tolist() == [-1e300, 1e300, 0.0]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pd.to_datetime(["2024-01-31", "2024-02-29"]), id="dates"),
        pytest.param(pd.Series(["a", 1], dtype=object), id="text and numbers mixed"),
        pytest.param(pd.Categorical([1, 2]), id="numbers as categories"),
        pytest.param(np.array([1j, 2j]), id="complex numbers"),
    ],
)
def test_a_column_that_is_neither_number_nor_text_is_refused_by_name(column):
    with pytest.raises(ValueError, match=r"column 'odd' holds .* the model takes numbers and text"):
        FeatureEncoder.learn(pd.DataFrame({"odd": column}))


def test_repeated_columns_are_refused():
    with pytest.raises(ValueError, match="columns named more than once: listed"):
        FeatureEncoder.learn(pd.concat([FRAME, FRAME[["listed"]]], axis=1))


def test_names_that_the_model_file_cannot_hold_are_stored_as_others_each_once():
    names = ("net profit", "net:profit", "net_profit_1", "现金流", "", "a")

    stored = FeatureEncoder(names).stored_names

    assert stored == ("net_profit_0", "net_profit_1_", "net_profit_1", "现金流", "_4", "a")


def test_nobody_to_score_gives_an_empty_matrix():
    assert FeatureEncoder.learn(FRAME).matrix(FRAME.head(0)).shape == (0, 4)


def emissions(**of_industry: list[float]) -> pd.DataFrame:
    """One row a company: its industry and the log of its carbon intensity."""
    rows = [(name, value) for name, values in of_industry.items() for value in values]
    return pd.DataFrame(rows, columns=["industry", "intensity"])


WITHIN = {"intensity": "industry"}
STEEL, BANKS = [4.0, 6.0] * 10, [0.5, 1.5] * 10
SPREAD = np.sqrt(20 / 19)  # sample deviation of ten values one below and ten one above the mean
LEARNT = FeatureEncoder.learn(emissions(C=STEEL, J=BANKS), WITHIN)


def standardised(encoder: FeatureEncoder, frame: pd.DataFrame) -> list[float]:
    return encoder.matrix(frame)[:, encoder.names.index("intensity")].tolist()


def test_carbon_intensity_is_measured_against_the_companys_own_industry():
    same_emissions = emissions(C=[3.0], J=[3.0])

    assert LEARNT.standards["intensity"].by_category == {"C": (5.0, SPREAD), "J": (1.0, SPREAD / 2)}
    assert standardised(LEARNT, same_emissions) == pytest.approx([-2 / SPREAD, 2 / (SPREAD / 2)])


def test_the_constants_are_those_of_the_development_rows_whatever_is_scored():
    later = emissions(C=[400.0] * 50, J=[0.0])

    assert standardised(LEARNT, later)[0] == pytest.approx(395 / SPREAD)
    assert standardised(LEARNT, later.iloc[[0]]) == standardised(LEARNT, later)[:1]


@given(st.lists(st.floats(-10, 15), min_size=2), st.sampled_from(["C", "J", "Z", None]))
def test_of_two_companies_of_one_industry_the_one_that_emits_more_stays_the_higher(intensities, industry):
    frame = pd.DataFrame({"industry": pd.Series([industry] * len(intensities), dtype=object), "intensity": intensities})

    in_order = standardised(LEARNT, frame.sort_values("intensity"))

    assert in_order == sorted(in_order)


@pytest.mark.parametrize("industry", ["采矿业", None, "Z"])
def test_an_unknown_industry_is_measured_against_all_companies(industry):
    everyone = np.array(STEEL + BANKS)
    scored = pd.DataFrame({"industry": [industry, "C"], "intensity": [3.5, 5.0]})

    assert standardised(LEARNT, scored) == pytest.approx([(3.5 - everyone.mean()) / everyone.std(ddof=1), 0.0])


def test_nineteen_known_values_are_too_few_for_constants_of_an_industry_and_twenty_are_enough():
    learnt = FeatureEncoder.learn(emissions(C=[*STEEL[:19], np.nan, np.nan], J=BANKS), WITHIN)

    assert set(learnt.standards["intensity"].by_category) == {"J"}


def test_an_industry_in_which_all_emit_alike_is_measured_against_all_companies():
    learnt = FeatureEncoder.learn(emissions(C=STEEL, J=[0.1] * 30), WITHIN)

    assert set(learnt.standards["intensity"].by_category) == {"C"}


def test_where_all_companies_emit_alike_a_value_is_its_distance_from_theirs():
    learnt = FeatureEncoder.learn(emissions(C=[0.1] * 30), WITHIN)

    assert standardised(learnt, emissions(C=[0.1, 2.1])) == pytest.approx([0.0, 2.0])


def test_an_intensity_known_of_nobody_stays_missing():
    nobody = emissions(C=[np.nan] * 30)

    assert np.isnan(standardised(FeatureEncoder.learn(nobody, WITHIN), nobody)).all()
    assert standardised(LEARNT, emissions(C=[np.nan, 5.0]))[1] == 0.0
    assert np.isnan(standardised(LEARNT, emissions(C=[np.nan, 5.0]))[0])


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_the_kind_of_the_industry_column_does_not_change_the_standard(dtype):
    frame = emissions(C=STEEL, J=BANKS).astype({"industry": dtype})

    assert FeatureEncoder.learn(frame, WITHIN) == LEARNT
    assert standardised(LEARNT, frame) == standardised(LEARNT, emissions(C=STEEL, J=BANKS))


def test_the_order_of_the_rows_does_not_choose_who_has_constants():
    turned = FeatureEncoder.learn(emissions(C=STEEL, J=BANKS).iloc[::-1], WITHIN).standards["intensity"]

    assert list(turned.by_category) == ["C", "J"]


@pytest.mark.parametrize(
    ("number", "category"), [("intensity", "region"), ("industry", "industry"), ("waste", "industry")]
)
def test_only_numbers_are_standardised_and_only_within_categories(number, category):
    message = f"cannot standardise '{number}' within '{category}': .* the categories are industry"

    with pytest.raises(ValueError, match=message):
        FeatureEncoder.learn(emissions(C=STEEL), {number: category})


def test_an_infinite_intensity_is_refused_before_anything_is_learnt_from_it():
    with pytest.raises(ValueError, match=r"infinite values in intensity \(1 rows\)"):
        FeatureEncoder.learn(emissions(C=[*STEEL, np.inf]), WITHIN)


def test_the_constants_travel_in_the_bundle_and_score_as_the_model(portfolio, quick_model, tmp_path):
    model = quick_model(standardise_within={"days_beyond_terms": "industry"})
    model.fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)
    bundle = Bundle.from_model(model, scale=PointsScale(), reference={}, fingerprints={})

    bundle.write(tmp_path)

    read = Bundle.read(tmp_path, bundle.sha256)
    assert read == bundle
    assert set(read.encoder.standards["days_beyond_terms"].by_category) == {"制造业", "批发和零售业", "建筑业"}
    assert (read.decision_function(portfolio.X) == model.decision_function(portfolio.X)).all()


def test_the_later_a_customer_pays_the_higher_its_pd_also_when_measured_within_its_industry(portfolio, quick_model):
    model = quick_model(standardise_within={"days_beyond_terms": "industry"})
    model.fit(portfolio.X, portfolio.defaulted, groups=portfolio.customer)
    customers = portfolio.X.head(200)

    later = [model.decision_function(customers.assign(days_beyond_terms=days)) for days in range(-20, 61, 5)]

    steps = np.diff(later, axis=0)
    assert (steps >= 0).all()
    assert (steps > 0).any(axis=0).all()
