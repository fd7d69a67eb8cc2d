"""The planted dirt of the simulated portfolio: every bad row is caught by its rule, and no good one is lost."""

import pandas as pd
import pytest
from simulated import Simulated

from features import quality
from features.tables import TABLES

CAUGHT_BY = {
    "exact_duplicate": "copy",
    "conflicting_duplicate": "aside DQ01",
    "negative_amount": "aside DQ08",
    "known_before_event": "repaired DQ04",
    "availability_missing": "aside DQ05",
    "enum_typo": "repaired DQ03",
    "enum_unknown": "aside DQ03",
    "unknown_customer": "aside DQ02",
    "unit_slip": "repaired DQ10",
    "balance_broken": "flag DQ09",
}


def caught(simulated: Simulated) -> pd.DataFrame:
    """Every row that a rule touched: table, key, and what became of it."""
    found = []
    for name, table in TABLES.items():
        rows = simulated.rows(name)
        keys = [rows[k].dt.strftime("%Y-%m-%d") if rows[k].dtype.kind == "M" else rows[k] for k in table.key]
        rows["key"] = keys[0].str.cat(keys[1:], sep="|")
        touched = {f"aside {rule}": rows["dq_rule"] == rule for rule in quality.RULES}
        for column in (c for c in rows if c.startswith("dq_fixed_")):
            touched[f"repaired {column[-4:]}"] = rows["dq_rule"].isna() & rows[column]
        touched["copy"] = touched.pop("repaired DQ01")
        if "dq_flag_DQ09" in rows:
            touched["flag DQ09"] = rows["dq_flag_DQ09"]
        found += [rows.loc[mask, ["key"]].assign(table=name, fate=word) for word, mask in touched.items()]
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def touched(simulated: Simulated) -> pd.DataFrame:
    return caught(simulated)


@pytest.mark.parametrize(("defect", "word"), CAUGHT_BY.items())
def test_every_planted_defect_is_caught_by_its_rule_and_no_good_row_is(
    simulated: Simulated, touched: pd.DataFrame, defect: str, word: str
) -> None:
    dirty = simulated.truth("dirty_rows")
    planted = dirty[dirty["defect"] == defect]

    found = planted.merge(touched[touched["fate"] == word], on=["table", "key"], how="outer", indicator=True)["_merge"]

    recall, false_alarms = (found == "both").sum() / len(planted), (found == "right_only").sum()
    assert (recall, false_alarms) == (1.0, 0)


def test_every_defect_of_the_simulated_portfolio_has_its_rule(simulated: Simulated) -> None:
    assert set(simulated.truth("dirty_rows")["defect"]) == set(CAUGHT_BY)


def test_no_good_row_of_the_simulated_portfolio_is_lost(simulated: Simulated) -> None:
    dirty = simulated.truth("dirty_rows")
    stays = ("known_before_event", "enum_typo", "unit_slip", "balance_broken")
    extra = dirty[~dirty["defect"].isin(stays)].groupby("table").size()

    lost = {name: len(simulated.rows(name)) - simulated.kept(name).count().to_pyarrow().as_py() for name in TABLES}

    assert lost == {name: extra.get(name, 0) for name in TABLES}


def test_a_slip_repaired_gives_back_the_amounts_of_the_other_years(simulated: Simulated) -> None:
    dirty = simulated.truth("dirty_rows")
    slipped = dirty.loc[dirty["defect"] == "unit_slip", "key"]
    statements = simulated.frame(simulated.kept("financial_statements"))
    usual = statements.groupby("customer_id")["total_assets"].transform("median")

    off = (statements["total_assets"] / usual)[statements["statement_id"].isin(slipped)]

    assert len(off) == len(slipped)
    assert off.between(0.2, 5).all()
