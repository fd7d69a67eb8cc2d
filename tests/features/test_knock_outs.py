"""Knock-outs: what hits, what clears, and what nobody looked for."""

from datetime import date

import pandas as pd
import pytest
from dimensions.companies import Company, portfolio_of
from tiny import AS_OF, Engine, days_before

from features.knock_outs import KNOCK_OUTS, READ, SOURCES, proofs, states

EVERYTHING = {"source_checks": [{"source": source, "checked_at": AS_OF, "status": "none"} for source in SOURCES]}


def dishonest(**more: object) -> dict[str, object]:
    return {"record_type": "dishonest", "started_on": days_before(100), **more}


def measure(kind: str, **more: object) -> dict[str, object]:
    return {"event_type": kind, "occurred_on": days_before(200), **more}


HITS: dict[str, Company] = {
    "KO1": {"enforcement_records": [dishonest()]},
    "KO2": {"enforcement_records": [{"record_type": "bankruptcy_petition", "started_on": days_before(3)}]},
    "KO3": {"compliance_events": [measure("major_tax_violation")]},
    "KO4": {"registry_changes": [{"change_type": "deregistration", "changed_on": days_before(5)}]},
    "KO5": {"default_events": [{"event_date": days_before(40), "known_at": days_before(40)}]},
    "KO6": {"compliance_events": [measure("tax_abnormal")]},
    "KO7": {"bill_overdue": [{"list_type": "persistent", "list_month": days_before(700), "published_at": days_before(690)}]},
    "KO9": {"esg_events": [{"event_type": "env_suspension", "occurred_on": days_before(170)}]},
}  # fmt: skip


def judged(engine: Engine, companies: dict[str, Company], absent: str = "") -> pd.DataFrame:
    """The state of every rule, one row a company."""
    engine.load(portfolio_of(companies))
    tables = {name: table for name, table in engine.tables.items() if name != absent}
    found = engine.ask(("states", absent), lambda: states(engine.tables["applications"], tables))
    return found.set_index("application_id")


def proven(engine: Engine, companies: dict[str, Company]) -> pd.DataFrame:
    engine.load(portfolio_of(companies))
    return engine.ask("proofs", lambda: proofs(engine.tables["applications"], engine.tables))


def test_every_rule_that_tables_decide_has_a_case_here() -> None:
    assert set(HITS) == {rule.id for rule in READ}


@pytest.mark.parametrize("rule", HITS)
def test_a_record_known_at_as_of_hits_its_rule_and_no_other(engine: Engine, rule: str) -> None:
    found = judged(engine, {"bad": {**HITS[rule], **EVERYTHING}, "clean": EVERYTHING})

    assert found.loc["bad"].to_dict() == {r.id: "hit" if r.id == rule else "clear" for r in READ}
    assert (found.loc["clean"] == "clear").all()


@pytest.mark.parametrize("rule", HITS)
def test_a_record_hits_though_nobody_recorded_a_search(engine: Engine, rule: str) -> None:
    found = judged(engine, {"bad": HITS[rule], "never searched": {}})

    assert found.loc["bad", rule] == "hit"
    assert (found.loc["never searched"] == "unknown").all()


def test_a_record_learnt_of_the_day_after_as_of_is_not_seen(engine: Engine) -> None:
    late = dishonest(known_at=date(2024, 7, 1))

    assert judged(engine, {"A": {"enforcement_records": [late], **EVERYTHING}}).loc["A", "KO1"] == "clear"


def test_an_entry_counts_until_its_removal_was_known(engine: Engine) -> None:
    removed = {"removed_on": days_before(10)}
    companies = {
        "removed": {"enforcement_records": [dishonest(**removed, removal_known_at=days_before(9))], **EVERYTHING},
        "told later": {"enforcement_records": [dishonest(**removed, removal_known_at=date(2024, 8, 1))], **EVERYTHING},
    }

    found = judged(engine, companies)["KO1"]

    assert found.to_dict() == {"removed": "clear", "told later": "hit"}


def test_a_cured_default_is_past(engine: Engine) -> None:
    event = {"event_date": days_before(400), "known_at": days_before(400)}
    companies = {
        "cured": {"default_events": [{**event, "cured_on": days_before(1)}], **EVERYTHING},
        "on probation": {"default_events": [{**event, "cured_on": date(2024, 7, 1)}], **EVERYTHING},
    }

    assert judged(engine, companies)["KO5"].to_dict() == {"cured": "clear", "on probation": "hit"}


def test_windows_end_on_their_day(engine: Engine) -> None:
    bills = [{"list_type": "persistent", "list_month": days_before(760), "published_at": days_before(730)}]
    stopped = [{"event_type": "env_suspension", "occurred_on": days_before(180)}]

    found = judged(engine, {"A": {"bill_overdue": bills, "esg_events": stopped, **EVERYTHING}}).loc["A"]

    assert found[["KO7", "KO9"]].to_dict() == {"KO7": "clear", "KO9": "clear"}


def test_a_search_that_failed_or_is_a_year_old_clears_nothing(engine: Engine) -> None:
    failed = {"source_checks": [{"source": s, "checked_at": AS_OF, "status": "failed"} for s in SOURCES]}
    old = {"source_checks": [{"source": s, "checked_at": days_before(365), "status": "none"} for s in SOURCES]}

    assert (judged(engine, {"failed": failed, "old": old}) == "unknown").all(axis=None)


def test_a_rule_of_two_tables_is_clear_only_if_both_were_searched(engine: Engine) -> None:
    one = {"source_checks": [{"source": "compliance", "checked_at": AS_OF, "status": "none"}]}

    assert judged(engine, {"A": one}).loc["A", ["KO3", "KO4"]].to_dict() == {"KO3": "clear", "KO4": "unknown"}


def test_a_table_nobody_delivered_leaves_its_rules_unknown(engine: Engine) -> None:
    found = judged(engine, {"A": EVERYTHING}, absent="enforcement_records").loc["A"]

    assert found[["KO1", "KO2", "KO3"]].to_dict() == {"KO1": "unknown", "KO2": "unknown", "KO3": "clear"}


def test_the_proof_names_table_row_and_days(engine: Engine) -> None:
    found = proven(engine, {"A": {"enforcement_records": [dishonest(known_at=days_before(90))]}, "B": EVERYTHING})

    assert found.astype({"since": str, "known_on": str}).to_dict("records") == [
        {
            "application_id": "A",
            "rule": "KO1",
            "table": "enforcement_records",
            "row_key": "A/0",
            "since": str(days_before(100)),
            "known_on": str(days_before(90)),
        }
    ]


def test_rules_are_declared_once_in_the_order_of_their_numbers() -> None:
    assert [rule.id for rule in KNOCK_OUTS] == [f"KO{n}" for n in range(1, 10)]
    assert all(rule.en and rule.zh for rule in KNOCK_OUTS)
