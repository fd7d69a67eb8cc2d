import numpy as np
import pandas as pd
import pytest

from models.encoding import FeatureEncoder

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


@pytest.mark.parametrize("name", ["net profit", "ratio[x]", "a,b", 'say "x"', "a:b"])
def test_a_name_that_the_model_file_cannot_hold_is_refused(name):
    with pytest.raises(ValueError, match="names that the model file cannot hold"):
        FeatureEncoder.learn(pd.DataFrame({name: [1.0]}))


def test_nobody_to_score_gives_an_empty_matrix():
    assert FeatureEncoder.learn(FRAME).matrix(FRAME.head(0)).shape == (0, 4)
