"""How features are distributed, as the dictionary shows it."""

import numpy as np
import pandas as pd

from features.dimensions import CATALOGUE
from pipelines.distribution import distribution


def test_quantiles_are_of_the_values_there_are_and_the_missing_are_counted():
    rows = pd.DataFrame({"sv_current_ratio": [*np.arange(101.0), *[np.nan] * 99]})

    found = distribution(rows, CATALOGUE)

    assert found == {"sv_current_ratio": {"missing": 0.495, "low": 5.0, "median": 50.0, "high": 95.0}}


def test_of_a_category_the_most_frequent_value_is_shown_and_of_equals_the_first():
    rows = pd.DataFrame({"cx_industry": ["F", "C", "C", "F", None]})

    assert distribution(rows, CATALOGUE)["cx_industry"] == {"missing": 0.2, "most": "C", "share": 0.5}


def test_a_feature_without_any_value_has_no_distribution():
    assert distribution(pd.DataFrame({"sv_current_ratio": [np.nan, np.nan]}), CATALOGUE) == {}


def test_numbers_carry_no_more_digits_than_engines_agree_on():
    rows = pd.DataFrame({"pf_roa": [0.123456789] * 3})

    assert distribution(rows, CATALOGUE)["pf_roa"]["median"] == 0.1235
