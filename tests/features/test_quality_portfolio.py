"""The planted dirt of the simulated portfolio: every bad row is caught by its rule, and no good one is lost."""

import pandas as pd
import pytest
from simulated import Simulated

from features import quality
from features.tables import TABLES
from pipelines.sources.sample.defects import defects_of

DEFECTS = {defect.name: defect for table in TABLES.values() for defect in defects_of(table)}
KNOWABLE = [name for name, defect in DEFECTS.items() if defect.rule]
"""Rules see what contradicts the contract or the company's other rows. Nothing contradicts a receipt without an invoice, or a
metric that is far off but possible: those the features must bear."""


def caught(simulated: Simulated) -> pd.DataFrame:
    """Every row that a rule touched: table, key, rule, and what became of it."""
    found = []
    for name in simulated.judged:
        rows = simulated.rows(name)
        keys = [_as_text(rows[column]) for column in TABLES[name].key]
        rows["key"] = keys[0].str.cat(keys[1:], sep="|")
        kept = rows["dq_rule"].isna()
        touched = {(rule, "aside"): rows["dq_rule"] == rule for rule in quality.RULES}
        touched |= {(c[-4:], "repaired"): kept & rows[c] for c in rows if c.startswith("dq_fixed_")}
        touched |= {(c[-4:], "flag"): kept & rows[c] for c in rows if c.startswith("dq_flag_")}
        touched["DQ01", "copy"] = touched.pop(("DQ01", "repaired"))
        found += [
            rows.loc[mask, ["key"]].assign(table=name, rule=rule, fate=fate) for (rule, fate), mask in touched.items()
        ]
    return pd.concat(found, ignore_index=True)


def _as_text(key: pd.Series) -> pd.Series:
    return key.dt.strftime("%Y-%m-%d") if key.dtype.kind == "M" else key.astype("str")


@pytest.fixture(scope="module")
def touched(simulated: Simulated) -> pd.DataFrame:
    return caught(simulated)


@pytest.fixture(scope="module")
def planted(simulated: Simulated) -> pd.DataFrame:
    return simulated.truth("dirty_rows")


@pytest.mark.parametrize("defect", KNOWABLE)
def test_every_planted_defect_is_caught_by_its_rule_and_has_its_fate(
    planted: pd.DataFrame, touched: pd.DataFrame, defect: str
) -> None:
    bad = planted[planted["defect"] == defect]

    found = bad.merge(touched.drop_duplicates(), on=["table", "key", "rule", "fate"], how="left", indicator=True)

    missed = found.loc[found["_merge"] == "left_only", ["table", "key"]]
    assert len(bad) > 0
    assert missed.to_numpy().tolist() == []


def test_no_rule_touches_a_row_that_is_not_dirty(planted: pd.DataFrame, touched: pd.DataFrame) -> None:
    found = touched.merge(planted.drop_duplicates(), on=["table", "key", "rule", "fate"], how="left", indicator=True)

    false_alarms = found.loc[found["_merge"] == "left_only", ["table", "key", "rule", "fate"]]
    assert false_alarms.to_numpy().tolist() == []


def test_rows_are_lost_only_where_they_were_planted(simulated: Simulated, planted: pd.DataFrame) -> None:
    extra = planted[planted["fate"].isin(["copy", "aside"])].groupby("table").size()

    lost = {
        name: len(simulated.rows(name)) - simulated.frame(simulated.kept(name)).shape[0] for name in simulated.judged
    }

    assert lost == {name: extra.get(name, 0) for name in simulated.judged}


def test_a_slip_repaired_gives_back_the_amounts_of_the_other_years(simulated: Simulated, planted: pd.DataFrame) -> None:
    slipped = planted.loc[planted["defect"] == "unit_slip", "key"]
    statements = simulated.frame(simulated.kept("financial_statements"))
    usual = statements.groupby("customer_id")["total_assets"].transform("median")

    off = (statements["total_assets"] / usual)[statements["statement_id"].isin(slipped)]

    assert len(off) == len(slipped)
    assert off.between(0.2, 5).all()
