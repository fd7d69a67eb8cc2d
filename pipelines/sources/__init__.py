"""Where raw tables come from: each source is a module that writes, or points to, raw tables of the contract."""

import difflib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from features.tables import TABLES
from pipelines.errors import InputError
from pipelines.params import Params


@dataclass(frozen=True)
class Source:
    """One source: its name in both languages and what it reads."""

    en: str
    zh: str
    reads: str


_ONE_FILE = "the CSV or parquet file"
_RATIOS_FILE = "the ARFF, CSV or parquet file of one year"

SOURCES: dict[str, Source] = {
    "sample": Source("Simulated sample portfolio", "模拟样例组合", "nothing"),
    "american_bankruptcy": Source(
        "American companies' accounts, 1999-2018", "美国上市公司财报（1999-2018）", _ONE_FILE
    ),
    "polish_bankruptcy": Source("Polish companies' ratios, 2000-2013", "波兰企业财务比率（2000-2013）", _RATIOS_FILE),
    "uci_credit_card": Source("UCI credit card clients, Taiwan 2005", "UCI信用卡客户（台湾2005）", _ONE_FILE),
    "tables": Source(
        "Own tables",
        "自有数据表",
        "a folder with <table>.csv or <table>.parquet; empty ones to fill in: `admission docs --templates FOLDER`",
    ),
}

_SPREADSHEETS = (".csv", ".parquet", ".xlsx", ".xls", ".tsv", ".txt")


def produce(params: Params, raw: Path, truth: Path) -> Path:
    """Make the raw tables of the chosen source and return their folder; only the sample knows a `truth`."""
    if params.source not in SOURCES:
        raise InputError(f"params.yaml: source is {params.source!r}; expected one of {', '.join(SOURCES)}")
    if params.source == "tables":
        return _own_folder(params.input)
    module = import_module(f"pipelines.sources.{params.source}")
    if params.source == "sample":
        settings = module.SampleSettings.of(params.sample.profile, params.sample.customers, params.data_until)
        module.produce(settings, params.seed, raw, truth)
    elif params.source == "polish_bankruptcy":
        module.produce(params.polish_bankruptcy, params.input, raw)
    else:
        module.produce(params.input, raw)
    return raw


def _own_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(
            f"input {folder} is not a folder; put your tables there, or set `input` in params.yaml to their folder"
        )
    delivered = {path.name for path in folder.iterdir() if path.is_dir() or path.suffix in (".csv", ".parquet")}
    absent = [name for name in TABLES if not delivered & {name, f"{name}.csv", f"{name}.parquet"}]
    for path in sorted(folder.iterdir()):
        _refuse_misnamed(path, absent)
    return folder


def _refuse_misnamed(path: Path, absent: list[str]) -> None:
    """Stop on a file that seems to be an absent table under a name that would leave it unread."""
    meant = difflib.get_close_matches(path.stem.lower(), absent, n=1, cutoff=0.75)
    if meant and path.suffix.lower() in _SPREADSHEETS:
        raise InputError(
            f"{path} would not be read, but looks like table {meant[0]}. Save it as {path.parent / meant[0]}.csv "
            f"(CSV in UTF-8, separated by commas) or .parquet, or move it to another folder"
        )
