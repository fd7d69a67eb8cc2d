"""Many companies asked about at once, each a case of its own: the name of the case is its customer and its application."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from tiny import Engine, Portfolio, Row, row

from features.build import build
from features.catalogue import Catalogue, Dimension
from features.tables import TABLES

Company = Mapping[str, list[dict[str, Any]]]
"""What is on record of one company: rows by table; keys are filled in."""


def features_of(
    engine: Engine, dimension: Dimension, companies: Mapping[str, Company], absent: str = "", **of_nobody: list[Row]
) -> pd.DataFrame:
    """The features of one dimension, one row a company; `absent` is a table that nobody handed in."""
    engine.load(portfolio_of(companies, **of_nobody))
    tables = {name: table for name, table in engine.tables.items() if name != absent}
    found = engine.ask(
        (dimension.id, absent), lambda: build(engine.tables["applications"], tables, Catalogue((dimension,)))
    )
    return found.set_index("application_id").drop(columns=["customer_id", "as_of"])


def portfolio_of(companies: Mapping[str, Company], **of_nobody: list[Row]) -> Portfolio:
    """One customer and one application a company, with its history, and rows of tables that belong to no customer."""
    portfolio: dict[str, list[Row]] = {name: [] for name in TABLES} | of_nobody
    for company, history in companies.items():
        for table, rows in {"customers": [{}], "applications": [{}], **history}.items():
            for number, values in enumerate(rows):
                portfolio[table].append(row(table, **{**_keys(table, company, number), **values}))
    return portfolio


def _keys(table: str, company: str, number: int) -> dict[str, str]:
    own = company if table == "applications" else f"{company}/{number}"
    keys = {key: own for key in TABLES[table].key if key.endswith("_id")}
    return {**keys, "customer_id": company}
