"""Where raw tables come from: each source is a module that writes, or points to, raw tables of the contract."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pipelines.errors import InputError
from pipelines.params import Params


@dataclass(frozen=True)
class Source:
    """One source: its name in both languages and what it reads."""

    en: str
    zh: str
    reads: str


SOURCES: dict[str, Source] = {
    "sample": Source("Simulated sample portfolio", "模拟样例组合", "nothing"),
    "american_bankruptcy": Source("American companies' accounts, 1999-2018", "美国上市公司财报(1999-2018)", "the CSV or parquet file"),
    "uci_credit_card": Source("UCI credit card clients, Taiwan 2005", "UCI信用卡客户(台湾2005)", "the CSV or parquet file"),
    "tables": Source("Own tables", "自有数据表", "a folder with <table>.csv or <table>.parquet"),
}  # fmt: skip


def produce(params: Params, raw: Path, truth: Path) -> Path:
    """Make the raw tables of the chosen source and return their folder; only the sample knows a `truth`."""
    if params.source not in SOURCES:
        raise InputError(f"params.yaml: source is {params.source!r}; expected one of {', '.join(SOURCES)}")
    if params.source == "tables":
        return _own_folder(params.input)
    module = import_module(f"pipelines.sources.{params.source}")
    if params.source == "sample":
        settings = module.SampleSettings(customers=params.sample.customers, data_until=params.data_until)
        module.produce(settings, params.seed, raw, truth)
    else:
        module.produce(params.input, raw)
    return raw


def _own_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(
            f"input {folder} is not a folder; put your tables there, or set `input` in params.yaml to their folder"
        )
    return folder
