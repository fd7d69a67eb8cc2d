"""The raw-table contract: what a company must hand over, column by column, declared once, one module a topic.

The checks of `features.quality`, the masks of `features.point_in_time`, the data dictionary, the empty templates and the
ingest stage all read these declarations.
"""

from features.tables.accounts import FINANCIAL_STATEMENTS
from features.tables.bureau import BILL_OVERDUE, BUREAU_REPORTS
from features.tables.business import (
    MANAGEMENT_ASSESSMENTS,
    MARKET_SURVEYS,
    OPERATING_METRICS,
    REGISTRY_CHANGES,
    SUPPLY_CHAIN_METRICS,
)
from features.tables.contract import MINOR_UNITS, Column, Kind, Table
from features.tables.customers import APPLICATIONS, CUSTOMERS, DEFAULT_EVENTS
from features.tables.esg import ESG_ASSESSMENTS, ESG_EVENTS
from features.tables.registers import COMPLIANCE_EVENTS, ENFORCEMENT_RECORDS, LEGAL_CASES, LICENCES, TAX_RATINGS
from features.tables.reputation import REPUTATION_EVENTS, REVIEWS, TRADE_REFERENCES
from features.tables.surroundings import FX_RATES, MACRO_SERIES, SOURCE_CHECKS
from features.tables.trade import CREDIT_LIMITS, INVOICES, PAYMENTS

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CUSTOMERS,
        APPLICATIONS,
        DEFAULT_EVENTS,
        INVOICES,
        PAYMENTS,
        CREDIT_LIMITS,
        BUREAU_REPORTS,
        BILL_OVERDUE,
        FINANCIAL_STATEMENTS,
        OPERATING_METRICS,
        MARKET_SURVEYS,
        LEGAL_CASES,
        ENFORCEMENT_RECORDS,
        COMPLIANCE_EVENTS,
        TAX_RATINGS,
        LICENCES,
        REPUTATION_EVENTS,
        REVIEWS,
        TRADE_REFERENCES,
        MANAGEMENT_ASSESSMENTS,
        REGISTRY_CHANGES,
        SUPPLY_CHAIN_METRICS,
        ESG_ASSESSMENTS,
        ESG_EVENTS,
        MACRO_SERIES,
        FX_RATES,
        SOURCE_CHECKS,
    )
}
"""Every table of the contract by name, referenced tables before those that refer to them."""

__all__ = [
    "APPLICATIONS",
    "BILL_OVERDUE",
    "BUREAU_REPORTS",
    "COMPLIANCE_EVENTS",
    "CREDIT_LIMITS",
    "CUSTOMERS",
    "DEFAULT_EVENTS",
    "ENFORCEMENT_RECORDS",
    "ESG_ASSESSMENTS",
    "ESG_EVENTS",
    "FINANCIAL_STATEMENTS",
    "FX_RATES",
    "INVOICES",
    "LEGAL_CASES",
    "LICENCES",
    "MACRO_SERIES",
    "MANAGEMENT_ASSESSMENTS",
    "MARKET_SURVEYS",
    "MINOR_UNITS",
    "OPERATING_METRICS",
    "PAYMENTS",
    "REGISTRY_CHANGES",
    "REPUTATION_EVENTS",
    "REVIEWS",
    "SOURCE_CHECKS",
    "SUPPLY_CHAIN_METRICS",
    "TABLES",
    "TAX_RATINGS",
    "TRADE_REFERENCES",
    "Column",
    "Kind",
    "Table",
]
