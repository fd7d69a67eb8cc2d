"""The simulated portfolio, cleansed by the quality rules in memory: what they decided of every row, and what is true."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from features import ledger, quality
from features.outcome import Definition, ledger_defaults
from features.tables import TABLES
from pipelines.sources.sample import SampleSettings, produce

DATA_UNTIL = date(2025, 12, 31)


@dataclass
class Simulated:
    """A portfolio drawn into a folder."""

    folder: Path

    def draw(self, customers: int, seed: int) -> "Simulated":
        produce(SampleSettings(customers=customers), seed, self.folder / "raw", self.folder / "truth")
        return self

    def truth(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "truth" / f"{name}.parquet")

    @cached_property
    def connection(self) -> Any:
        return ibis.duckdb.connect(threads=1, autoinstall_known_extensions=False)

    @cached_property
    def judged(self) -> dict[str, ir.Table]:
        """Every row of every table with the rule that set it aside and the repairs made to it."""
        found: dict[str, ir.Table] = {}
        kept: dict[str, ir.Table] = {}
        delivered = (name for name in TABLES if (self.folder / "raw" / f"{name}.parquet").exists())
        for name, table in ((name, TABLES[name]) for name in delivered):
            raw = self.connection.read_parquet(self.folder / "raw" / f"{name}.parquet")
            rows = self._held(raw.mutate(dq_row=ibis.row_number() + 1), f"raw_{name}")
            parsed = self._held(quality.parse(table, rows), f"parsed_{name}")
            judged = quality.judge_keys(table, quality.judge(table, parsed, kept, DATA_UNTIL))
            if name == "financial_statements":
                judged = quality.judge_statements(judged)
            found[name] = self._held(judged, f"judged_{name}")
            good = found[name].dq_rule.isnull() & ~found[name].dq_fixed_DQ01
            kept[name] = self._held(found[name].filter(good).select(*(c.name for c in table)), name)
        return found

    def rows(self, name: str) -> pd.DataFrame:
        """What the rules decided of a table, every row by its position."""
        columns = [c for c in self.judged[name].columns if c.startswith("dq_")]
        return self.frame(self.judged[name].select(*TABLES[name].key, *columns))

    def kept(self, name: str) -> ir.Table:
        return self.connection.table(name) if self.judged else None

    def ledger_defaults(self) -> pd.DataFrame:
        invoices, payments = ledger.receivables(self.kept("invoices")), ledger.receipts(self.kept("payments"))
        settlement = ledger.settle(invoices, payments, "customer_id")
        settled = self._held(settlement.invoices, "settled")
        part_payments = self._held(settlement.part_payments, "part_payments")
        found = self.frame(ledger_defaults(settled, part_payments, Definition(), DATA_UNTIL))
        return found.assign(event_date=found["event_date"].dt.date)

    def frame(self, rows: ir.Table) -> pd.DataFrame:
        return self.connection.con.execute(ibis.to_sql(rows, dialect="duckdb")).df()

    def _held(self, rows: ir.Table, name: str) -> ir.Table:
        self.connection.raw_sql(f"CREATE TEMP TABLE {name} AS {ibis.to_sql(rows, dialect='duckdb')}")
        return self.connection.table(name)
