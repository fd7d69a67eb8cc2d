"""Nothing known at as_of tells of a later default but through the true risk.

The first application of a customer defaults with its realised probability p, drawn apart from all tables. So for anything
known by then, x, the sum of (y - p) x has mean 0 and variance sum of p (1 - p) x^2, whatever x has to do with the qualities.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sampled import OWN, Clean, clean

from features.tables import TABLES
from pipelines.sources.sample.settings import PERFORMANCE_DAYS
from pipelines.sources.sample.truth import realised_intensity

SURE = 4.0
"""Standard errors: about two hundred columns are looked at."""
LEDGER = ("invoices", "payments")
ARREARS_MONTHS = 4
"""A default shows in the ledger from its first unpaid invoice on, due 91 days before it: only later ones are asked of it."""

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def shard() -> Clean:
    return clean(customers=8_000, seed=9, mean_invoices=6.0)


def _first_admitted(shard: Clean) -> pd.DataFrame:
    """The first applications that were admitted and led to trade: p, y, and the same for a default after four months."""
    history, made = shard.shard.history, shard.shard.history.prospects
    after = history.default_on[made.customer] - made.as_of
    pd_12m = shard.shard.risk.pd[history.made]
    intensity = realised_intensity(pd_12m, shard.climate.path, shard.climate.index(made.as_of))
    late_day = ARREARS_MONTHS * PERFORMANCE_DAYS / 12
    rows = pd.DataFrame(
        {
            "row": made.customer,
            "as_of": made.as_of,
            "p": made.pd_realised,
            "y": (after <= PERFORMANCE_DAYS).astype(float),
            "p_late": -np.expm1(-intensity[:, ARREARS_MONTHS:].sum(axis=1)),
            "is_late": after > late_day,
        }
    )
    return rows[(made.turn == 0) & history.admitted & ~history.dormant]


def _surprise(rows: pd.DataFrame, x: pd.Series, p: str) -> float:
    """How many standard errors defaulters differ in x from those who could as well have defaulted."""
    x = x.reindex(rows["row"]).to_numpy(dtype=float)
    known = ~np.isnan(x)
    centred, chance, bad = (x - x[known].mean())[known], rows[p].to_numpy()[known], rows["y"].to_numpy()[known]
    spread = float(np.sqrt((chance * (1 - chance) * centred**2).sum()))
    return float(((bad - chance) * centred).sum()) / spread if spread else 0.0


def _known(shard: Clean, name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """All that a table tells of each customer by its first application."""
    table = shard.table(name)
    as_of = table["row"].map(rows.set_index("row")["as_of"])
    return table[table[TABLES[name].availability] <= as_of]


def _columns(known: pd.DataFrame, rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The number of rows of each customer, and the rank of the mean of every number and day."""
    by_customer = known.groupby("row")
    found = {"rows": by_customer.size().reindex(rows["row"]).fillna(0)}
    for column in known.select_dtypes("number").columns.drop("row"):
        found[column] = by_customer[column].mean().rank(pct=True)
    return found


@pytest.mark.parametrize("name", [name for name in OWN if name not in LEDGER])
def test_nothing_known_at_the_application_tells_of_a_default_beyond_the_true_risk(shard: Clean, name: str) -> None:
    rows = _first_admitted(shard)

    columns = _columns(_known(shard, name, rows), rows)

    told = {column: _surprise(rows, x, "p") for column, x in columns.items()}
    assert {column: z for column, z in told.items() if abs(z) > SURE} == {}


@pytest.mark.parametrize("name", LEDGER)
def test_the_ledger_tells_of_no_default_that_comes_after_four_months(shard: Clean, name: str) -> None:
    rows = _first_admitted(shard)
    rows = rows[rows["is_late"]]

    columns = _columns(_known(shard, name, rows), rows)

    told = {column: _surprise(rows, x, "p_late") for column, x in columns.items()}
    assert {column: z for column, z in told.items() if abs(z) > SURE} == {}


@pytest.mark.parametrize(
    "name", ["operating_metrics", "reviews", "source_checks", "financial_statements", "tax_ratings"]
)
def test_a_table_that_had_lost_half_the_rows_of_later_defaulters_would_be_noticed(shard: Clean, name: str) -> None:
    rows = _first_admitted(shard)
    known = _known(shard, name, rows)
    lost = known["row"].isin(rows.loc[rows["y"] == 1, "row"]) & (np.random.default_rng(0).random(len(known)) < 0.5)

    columns = _columns(known[~lost], rows)

    assert _surprise(rows, columns["rows"], "p") < -SURE


def test_as_many_default_as_the_true_risk_says(shard: Clean) -> None:
    rows = _first_admitted(shard)

    z = (rows["y"] - rows["p"]).sum() / np.sqrt((rows["p"] * (1 - rows["p"])).sum())

    assert rows["y"].sum() > 150
    assert abs(z) < 3


def test_whether_an_admitted_customer_falls_asleep_has_nothing_to_do_with_its_risk(shard: Clean) -> None:
    history, made = shard.shard.history, shard.shard.history.prospects
    admitted = history.admitted & (made.turn == 0)

    asleep, awake = (made.pd_realised[admitted & each] for each in (history.dormant, ~history.dormant))

    assert abs(asleep.mean() - awake.mean()) < 4 * awake.std() / np.sqrt(len(asleep))
    assert len(asleep) > 100


def test_the_reports_of_a_customer_end_with_its_default_and_not_before(shard: Clean) -> None:
    default_on = pd.Series(shard.shard.history.default_on)

    for name in (
        "operating_metrics",
        "supply_chain_metrics",
        "market_surveys",
        "management_assessments",
        "bureau_reports",
    ):
        rows = shard.table(name)
        assert (rows[TABLES[name].availability] < rows["row"].map(default_on)).all(), name


def test_rows_before_an_application_are_drawn_whatever_comes_after_it() -> None:
    one, other = clean(customers=400, seed=2, mean_invoices=2.0), clean(customers=400, seed=2, mean_invoices=3.0)

    # Another trade changes the ledger; what outsiders know stays to the last row.
    for name in ("legal_cases", "compliance_events", "reputation_events", "tax_ratings", "operating_metrics"):
        pd.testing.assert_frame_equal(one.table(name), other.table(name))
    assert len(one.table("invoices")) != len(other.table("invoices"))
