"""Knock-outs: facts that decide apart from the score, each declared once, with the rows that prove it.

A rule is a hit, clear, or unknown. Clear needs the table and a search of its source in the year before: what nobody looked
for is unknown, and an unknown never passes. Registers delete what is repaired, so an entry counts until its removal was
known (rule PIT-3).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from features.frames.registers import in_force
from features.point_in_time import age_days, known, with_days, within
from features.searches import searched
from features.tables import (
    BILL_OVERDUE,
    COMPLIANCE_EVENTS,
    DEFAULT_EVENTS,
    ENFORCEMENT_RECORDS,
    ESG_EVENTS,
    REGISTRY_CHANGES,
    Table,
)

Action = Literal["decline", "manual_review"]
Authority = Literal["nobody", "head_of_credit", "risk_committee"]

BILLS_DAYS, SUSPENSION_DAYS = 730, 180


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Which known rows of a table hit a rule; `source` is what must have been searched for none to mean clear."""

    table: Table
    source: str
    hits: Callable[[ir.Table], ir.BooleanValue]


@dataclass(frozen=True, kw_only=True)
class KnockOut:
    """One rule: what it says, what follows, and who may decide otherwise."""

    id: str
    en: str
    zh: str
    action: Action
    overridden_by: Authority
    evidence: tuple[Evidence, ...]
    owner: str = "credit risk"
    valid_from: str = "2020-01-01"


def _listed(column: str, *kinds: str) -> Callable[[ir.Table], ir.BooleanValue]:
    return lambda view: view[column].isin(kinds) & in_force(view, "removed_on", "removal_known_at")


def _enforcement(*kinds: str) -> Evidence:
    return Evidence(table=ENFORCEMENT_RECORDS, source="enforcement", hits=_listed("record_type", *kinds))


def _measure(source: str, *kinds: str) -> Evidence:
    return Evidence(table=COMPLIANCE_EVENTS, source=source, hits=_listed("event_type", *kinds))


def _not_cured(view: ir.Table) -> ir.BooleanValue:
    return view.cured_on.isnull() | (age_days(view, "cured_on") < 0)


KNOCK_OUTS = (
    KnockOut(
        id="KO1",
        en="on the list of dishonest debtors",
        zh="被列入失信被执行人名单",
        action="decline",
        overridden_by="nobody",
        evidence=(_enforcement("dishonest"),),
    ),
    KnockOut(
        id="KO2",
        en="a petition of bankruptcy is pending",
        zh="破产申请在审",
        action="decline",
        overridden_by="nobody",
        evidence=(_enforcement("bankruptcy_petition"),),
    ),
    KnockOut(
        id="KO3",
        en="on the list of serious violations, or of major tax violations",
        zh="被列入严重违法失信或重大税收违法名单",
        action="decline",
        overridden_by="risk_committee",
        evidence=(_measure("compliance", "serious_violation", "major_tax_violation"),),
    ),
    KnockOut(
        id="KO4",
        en="licence revoked, or being struck off the register",
        zh="许可证被吊销或正在注销登记",
        action="decline",
        overridden_by="nobody",
        evidence=(
            _measure("compliance", "licence_revoked"),
            Evidence(table=REGISTRY_CHANGES, source="registry", hits=lambda v: v.change_type == "deregistration"),
        ),
    ),
    KnockOut(
        id="KO5",
        en="in default, not cured",
        zh="处于违约状态且未恢复",
        action="decline",
        overridden_by="risk_committee",
        evidence=(Evidence(table=DEFAULT_EVENTS, source="default_history", hits=_not_cured),),
    ),
    KnockOut(
        id="KO6",
        en="declared abnormal by the tax authority",
        zh="被认定为税务非正常户",
        action="decline",
        overridden_by="head_of_credit",
        evidence=(_measure("tax", "tax_abnormal"),),
    ),
    KnockOut(
        id="KO7",
        en="persistently overdue on commercial bills within two years",
        zh="两年内被列入票据持续逾期名单",
        action="manual_review",
        overridden_by="head_of_credit",
        evidence=(
            Evidence(
                table=BILL_OVERDUE,
                source="bill_overdue",
                hits=lambda v: (v.list_type == "persistent") & within(v, "published_at", BILLS_DAYS),
            ),
        ),
    ),
    KnockOut(
        id="KO8",
        en="on the policy's list of excluded customers",
        zh="在政策排除名单内",
        action="decline",
        overridden_by="nobody",
        evidence=(),
    ),
    KnockOut(
        id="KO9",
        en="production stopped for the environment within 180 days",
        zh="180天内被责令停产整治",
        action="manual_review",
        overridden_by="head_of_credit",
        evidence=(
            Evidence(
                table=ESG_EVENTS,
                source="esg_events",
                hits=lambda v: (v.event_type == "env_suspension") & within(v, "known_at", SUSPENSION_DAYS),
            ),
        ),
    ),
)
"""The rules in the order of their numbers. KO8 needs no table: the policy itself holds the list.

Sources: 最高人民法院失信被执行人名单规定 (KO1); Art. 178 CRR (KO5); 上海票据交易所持续逾期名单 (KO7); 环境保护法 Art. 60 (KO9).
"""

READ = tuple(rule for rule in KNOCK_OUTS if rule.evidence)
"""The rules that tables decide."""

SOURCES = tuple(sorted({e.source for rule in READ for e in rule.evidence}))


def proofs(applications: ir.Table, tables: Mapping[str, ir.Table]) -> ir.Table:
    """Return every row known at `as_of` that hits a rule: application_id, rule, table, row_key, since, known_on.

    `row_key` is the row's key in its table, `since` the day it happened, `known_on` the day we learnt of it. Each table is
    read once, whatever the number of its rules.
    """
    named = {e.table.name: e.table for rule in READ for e in rule.evidence}
    found = [_proofs_of(table, applications, tables) for name, table in named.items() if name in tables]
    return ibis.union(_nothing(applications), *found)


def _proofs_of(table: Table, applications: ir.Table, tables: Mapping[str, ir.Table]) -> ir.Table:
    view = with_days(known(applications, table, tables[table.name]), table)
    branches = [(e.hits(view).coalesce(False), rule.id) for rule in READ for e in rule.evidence if e.table is table]
    key = ibis.literal("/").join([view[column].cast("string") for column in table.key])
    told = view.select(
        "application_id",
        rule=ibis.cases(*branches),
        table=ibis.literal(table.name),
        row_key=key,
        since="happened_on",
        known_on="known_on",
    )
    return told.filter(told.rule.notnull())


def _nothing(applications: ir.Table) -> ir.Table:
    blank = {name: ibis.literal("") for name in ("rule", "table", "row_key")}
    return applications.select("application_id", **blank, since="as_of", known_on="as_of").filter(ibis.literal(False))


def states(applications: ir.Table, tables: Mapping[str, ir.Table], complete_sources: Collection[str] = ()) -> ir.Table:
    """Return one row per application: application_id and, by rule, "hit", "clear" or "unknown".

    `complete_sources` names sources known to be searched in full, beyond what the table `source_checks` tells.
    """
    hits = proofs(applications, tables)
    flags = hits.group_by("application_id").agg(**{_hit(rule): (hits.rule == rule.id).any() for rule in READ})
    searches = searched(applications, tables, SOURCES, complete_sources)
    joined = searches.left_join(flags, "application_id").drop("application_id_right")
    return joined.select("application_id", **{rule.id: _state(rule, joined, tables) for rule in READ})


def _state(rule: KnockOut, joined: ir.Table, tables: Collection[str]) -> ir.StringValue:
    looked = [joined[e.source] if e.table.name in tables else ibis.literal(False) for e in rule.evidence]
    return ibis.cases((joined[_hit(rule)].coalesce(False), "hit"), (ibis.and_(*looked), "clear"), else_="unknown")


def _hit(rule: KnockOut) -> str:
    return f"hit_{rule.id}"
