"""One reporting currency for all canonical tables, by the rates that were delivered (rule DQ12)."""

from collections.abc import Mapping
from pathlib import Path

import ibis.expr.types as ir

from features.quality import convert, has_currency, price
from features.tables import FX_RATES, INVOICES, TABLES
from pipelines.errors import InputError
from pipelines.io import Connection, write_canonical

_ISO = "Currencies are written as in ISO 4217 (CNY, not RMB)"


def report_in_one_currency(
    connection: Connection, accepted: Mapping[str, ir.Table], canonical: Path, reporting: str | None
) -> dict[str, int]:
    """Convert the canonical tables that hold another currency and return the number of rows converted by table.

    `accepted` are the tables as written into the folder `canonical`; `reporting` is the currency wanted, None: the only one
    there is. InputError if there are several and none is wanted, or if rates are missing: amounts of different currencies
    must not be added.
    """
    found = _currencies(accepted)
    foreign = sorted({currency for currencies in found.values() for currency in currencies} - {reporting})
    if not foreign or (reporting is None and len(foreign) == 1):
        return {}
    if reporting is None or FX_RATES.name not in accepted:
        raise InputError(_what_to_do(found, foreign, reporting))
    rates = accepted[FX_RATES.name]
    # Before any table is rewritten: an invoice's day prices its payments.
    priced = {
        name: price(TABLES[name], accepted[name], rates, reporting, accepted.get(INVOICES.name))
        for name, currencies in found.items()
        if currencies - {reporting}
    }
    problems = [problem for name, rows in priced.items() for problem in _unpriced(name, rows, reporting)]
    if problems:
        raise InputError("\n".join(problems))
    return {name: _rewrite(connection, name, rows, canonical, reporting) for name, rows in priced.items()}


def _currencies(accepted: Mapping[str, ir.Table]) -> dict[str, set[str]]:
    found = {}
    for name, rows in accepted.items():
        if has_currency(TABLES[name]):
            values = rows.select("currency").distinct().to_pyarrow()["currency"].to_pylist()
            found[name] = {value for value in values if value is not None}
    return found


def _what_to_do(found: Mapping[str, set[str]], foreign: list[str], reporting: str | None) -> str:
    tables = {c: ", ".join(sorted(name for name, values in found.items() if c in values)) for c in foreign}
    places = "; ".join(f"{currency} in {names}" for currency, names in tables.items())
    if reporting is None:
        wanted = "more than one currency"
        first = (
            "Set ingest.currency in params.yaml to the one to report in and deliver table fx_rates with the rates to it"
        )
    else:
        wanted = f"other currencies than {reporting}, the one reported in"
        first = f"Deliver table fx_rates with the rates to {reporting}"
    return f"{wanted} (rule DQ12): {places}. {first}, or convert all amounts to one currency yourself. {_ISO}"


def _unpriced(name: str, priced: ir.Table, reporting: str) -> list[str]:
    """Return which rows became known before the first rate of their currency."""
    without = priced.filter(priced.dq_rate.isnull())
    first = without.group_by("currency").agg(rows=without.count(), day=without.dq_day.min()).order_by("currency")
    return [
        f"table {name}: {row['rows']} rows in {row['currency']} have no exchange rate on or before the day they became known "
        f"(rule DQ12). Deliver in fx_rates the rates of {row['currency']} to {reporting} from {row['day']} or earlier. {_ISO}"
        for row in first.to_pyarrow().to_pylist()
    ]


def _rewrite(connection: Connection, name: str, priced: ir.Table, canonical: Path, reporting: str) -> int:
    table, path = TABLES[name], canonical / f"{name}.parquet"
    converted = canonical / f"{name}.{reporting}.parquet"
    n = int(priced.filter(priced.currency != reporting).count().to_pyarrow().as_py())
    write_canonical(connection, table, convert(table, priced, reporting), converted)
    converted.replace(path)
    return n
