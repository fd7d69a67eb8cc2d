"""Small folders of own tables and the parameters to try stages on them."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from features.tables import TABLES
from pipelines.params import Params, resolve

ROOT = Path(__file__).parents[2]

CUSTOMER = {
    "customer_id": "C1",
    "industry_code": "C26",
    "region_code": "31",
    "currency": "CNY",
    "known_at": "2020-01-05",
}
APPLICATION = {
    "application_id": "A1",
    "customer_id": "C1",
    "as_of": "2022-03-01",
    "product": "open_account",
    "requested_limit": "50000",
    "currency": "CNY",
    "decision": "admit",
}
STATEMENT = {
    "statement_id": "S1",
    "customer_id": "C1",
    "period_end": "2021-12-31",
    "period_months": "12",
    "published_at": "2022-02-20",
    "currency": "CNY",
    "unit_scale": "1",
}
INVOICE = {
    "invoice_id": "I1",
    "customer_id": "C1",
    "issued_on": "2022-01-01",
    "due_on": "2022-01-31",
    "amount": "10000",
    "currency": "CNY",
    "booked_at": "2022-01-01",
}

Rows = Iterable[Mapping[str, str]]


def committed(**changes: Any) -> dict[str, Any]:
    """Return the values of the committed params.yaml with changes such as `split__thin_days=0`."""
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, value in changes.items():
        *section, key = name.split("__")
        target = values[section[0]] if section else values
        target[key] = value
    return values


def params(**changes: Any) -> Params:
    """Return typed parameters: the committed ones on one thread, with changes."""
    return resolve(committed(**{"engine__threads": 1, "train__num_threads": 1, **changes}))


def csv(table: str, rows: Rows, line_end: str = "\n") -> str:
    """Return rows of a table as the text of a CSV file with every column of the contract."""
    names = [column.name for column in TABLES[table]]
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    return "".join(line + line_end for line in lines)


def own_tables(folder: Path, **tables: Rows) -> Path:
    """Write own tables: one customer with one application, and what else is given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"customers": [CUSTOMER], "applications": [APPLICATION], **tables}.items():
        (folder / f"{name}.csv").write_text(csv(name, rows), encoding="utf-8")
    return folder


def fingerprints(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a folder by its relative name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def dvc_stages() -> dict[str, dict[str, Any]]:
    """Return the stages of dvc.yaml, each with `writes`: all that it puts under data/."""
    stages: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    for stage in stages.values():
        entries = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]
        stage["writes"] = [name for entry in entries for name in (entry if isinstance(entry, dict) else [entry])]
    return stages
