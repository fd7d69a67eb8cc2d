"""How much credit: the smallest of several caps, and the name of the one that binds."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.grades import GRADES
from models.policy.terms import ByGrade, Policy

Floats = NDArray[np.float64]

GRADE = pd.CategoricalDtype(list(GRADES), ordered=True)
"""A column of grades as pandas stores it: a small number a row."""

CAPS = {
    "requested": ("what was asked for", "申请额度"),
    "need": ("what the expected purchases need", "采购所需"),
    "equity_cap": ("a share of the customer's equity", "净资产约束"),
    "no_statements_cap": ("a fixed amount without statements", "无财报固定额度"),
    "sales_cap": ("a share of the customer's cost of sales", "采购占比约束"),
    "el_cap": ("the budget of expected loss", "预期损失预算"),
    "single_name_cap": ("the share of one name in the book", "单一客户集中度"),
}
"""The caps by key, in both languages, in the order in which the first of equal ones binds."""

TURNS = 2
"""Twice the cost of sales during the terms: purchases are not spread evenly over the year."""


def caps(applicants: pd.DataFrame, grade: pd.Series, terms_days: pd.Series, policy: Policy) -> pd.DataFrame:
    """Return every cap of the limit in currency units, one column a cap, infinite where it does not apply.

    `applicants` as in `decide`; `grade` R1..R10 and `terms_days` offered by row.
    """
    limits, economics = policy.limits, policy.economics
    sales = annual_sales(applicants)
    equity, cost = (applicants[name].astype(float) for name in ("total_equity", "cost_of_sales"))
    share, fixed = by_grade(limits.equity_share, grade), by_grade(limits.without_statements, grade)
    book = np.inf if limits.credit_book is None else limits.single_name_share * limits.credit_book
    loss = applicants["pd_12m"] * economics.loss_given_default
    found = {
        "requested": applicants["requested_limit"].astype(float),
        "need": sales / 365 * (terms_days + limits.extra_days) * limits.safety_factor,
        "equity_cap": (share * equity).clip(lower=0).where(equity.notna(), np.inf),
        "no_statements_cap": fixed.where(equity.isna(), np.inf),
        "sales_cap": (limits.cost_of_sales_share * cost * terms_days / 365 * TURNS).clip(lower=0).fillna(np.inf),
        "el_cap": economics.expected_loss_budget * sales / loss,
        "single_name_cap": pd.Series(book, index=applicants.index),
    }
    return pd.DataFrame({name: found[name] for name in CAPS}, index=applicants.index)


def annual_sales(applicants: pd.DataFrame) -> pd.Series:
    """Return a year's expected credit sales in currency units: as given, else what the limit asked for turns over.

    A limit that is used to the full and paid on time turns 365 / terms times a year.
    """
    terms = applicants["requested_terms_days"].astype(float).fillna(30).clip(lower=1)
    return applicants["annual_sales"].astype(float).fillna(applicants["requested_limit"] * 365 / terms)


def by_grade(values: ByGrade, grade: pd.Series) -> pd.Series:
    """Return the number of each row's grade."""
    return grade.map(dict(values)).astype(float)


def two_digits(amount: Floats) -> Floats:
    """Return amounts rounded down to two significant digits: a limit is a round number, and never above a cap."""
    # 10,999.999999999998 is 11,000 that went through minor units or a logarithm.
    amount = np.round(amount, 6)
    positive = np.where(amount > 0, amount, 1.0)
    step = 10.0 ** (np.floor(np.log10(positive)) - 1)
    # One part in 10^12 more, so that 0.29 of a step does not become 0.28 by the last bit of a division.
    rounded = np.floor(positive / step * (1 + 1e-12)) * step
    return np.where(amount > 0, np.minimum(rounded, amount), 0.0)


def notched(grade: pd.Series, notches: "pd.Series | int") -> pd.Series:
    """Return grades so many notches riskier, R10 at most, as a categorical of all grades."""
    place = pd.Categorical(grade, dtype=GRADE).codes.astype(np.int64) + notches
    riskier = pd.Categorical.from_codes(np.minimum(place, len(GRADES) - 1), dtype=GRADE)
    return pd.Series(riskier, index=grade.index)
