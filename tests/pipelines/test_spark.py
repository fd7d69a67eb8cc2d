"""One catalogue, two engines: Spark computes for every application what DuckDB computes, or says what it lacks."""

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Portfolio
from trial import committed, params

from features.knock_outs import proofs, states
from pipelines import featurize, spark
from pipelines.errors import InputError
from pipelines.io import engine, read_canonical

JAVA = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else Path("java")
LACKING = [
    *([] if importlib.util.find_spec("pyspark") else ["PySpark (`make spark`)"]),
    *([] if shutil.which(JAVA) else ["Java 17 or newer (`apt-get install openjdk-17-jre-headless`)"]),
]
FEATURES, MANIFEST = Path("data/featurize/features.parquet"), Path("data/featurize/manifest.json")
KEYS = ["application_id", "customer_id", "as_of"]
RELATIVE = 1e-9

# Few rows and many plans: what helps large tables only costs here.
SMALL_TABLES = """
spark.driver.extraJavaOptions  -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.sql.shuffle.partitions   1
spark.sql.adaptive.enabled     false
spark.sql.codegen.wholeStage   false
"""


@pytest.fixture(scope="module")
def _spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PySpark and Java, set up for small tables."""
    if LACKING:
        pytest.skip(f"the Spark engine is not tested without {' and '.join(LACKING)}")
    folder = tmp_path_factory.mktemp("spark_conf")
    (folder / "spark-defaults.conf").write_text(SMALL_TABLES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_CONF_DIR", str(folder))
        yield


@pytest.fixture(scope="module")
def by_spark(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory, _spark: None) -> Path:
    """The folder in which Spark has computed the features of the portfolio."""
    folder = tmp_path_factory.mktemp("by_spark")
    (folder / "data").mkdir()
    (folder / "data" / "canonical").symlink_to(portfolio.folder / "data" / "canonical")
    kind = portfolio.params.engine.model_copy(update={"kind": "spark"})
    with contextlib.chdir(folder):
        featurize.run(portfolio.params.model_copy(update={"engine": kind}))
    return folder


def differing(expected: pd.DataFrame, found: pd.DataFrame) -> list[str]:
    """Return the features in which an application differs: text, gaps and whole numbers by anything, others by 1e-9."""
    return [name for name in expected if not _agree(expected[name], found[name])]


def _agree(expected: pd.Series, found: pd.Series) -> bool:
    known = expected.notna()
    if not (known == found.notna()).all():
        return False
    known_values, found_values = expected[known].to_numpy(), found[known].to_numpy()
    if expected.dtype.kind != "f" or (known_values == np.round(known_values)).all():
        return bool((known_values == found_values).all())
    return np.allclose(found_values, known_values, rtol=RELATIVE, atol=0)


@pytest.mark.spark
def test_both_engines_know_the_same_of_every_application(portfolio: Portfolio, by_spark: Path) -> None:
    duckdb, spark = (pd.read_parquet(folder / FEATURES) for folder in (portfolio.folder, by_spark))

    assert duckdb[KEYS].equals(spark[KEYS])
    assert differing(duckdb, spark) == []


@pytest.mark.spark
def test_both_engines_write_the_same_columns_of_the_same_types(portfolio: Portfolio, by_spark: Path) -> None:
    duckdb, spark = (pq.read_schema(folder / FEATURES) for folder in (portfolio.folder, by_spark))

    assert duckdb.equals(spark)


@pytest.mark.spark
def test_both_engines_give_the_model_the_same_features(portfolio: Portfolio, by_spark: Path) -> None:
    duckdb, spark = (json.loads((folder / MANIFEST).read_bytes()) for folder in (portfolio.folder, by_spark))

    assert duckdb == spark


@pytest.mark.spark
def test_spark_leaves_nothing_behind_but_the_features(by_spark: Path) -> None:
    assert {path.name for path in by_spark.iterdir()} == {"data"}
    assert {path.name for path in (by_spark / "data").iterdir()} == {"canonical", "featurize"}


@pytest.mark.spark
@pytest.mark.usefixtures("_spark")
def test_both_engines_find_the_same_knock_outs_with_the_same_proofs(portfolio: Portfolio, tmp_path: Path) -> None:
    canonical, settings = portfolio.folder / "data" / "canonical", portfolio.params.engine
    with contextlib.chdir(tmp_path), engine(settings) as connection, spark.session(settings, connection) as session:
        backend = ibis.pyspark.connect(session)
        for path in canonical.glob("*.parquet"):
            session.read.parquet(path.as_uri()).createOrReplaceTempView(path.stem)
        held = {path.stem: backend.table(path.stem) for path in canonical.glob("*.parquet")}
        ours = [rows.to_pyarrow().to_pandas() for rows in knock_outs(read_canonical(connection, canonical))]
        for number, rows in enumerate(knock_outs(held)):
            session.sql(backend.compile(rows)).write.parquet((tmp_path / str(number)).as_uri())
    theirs = [pd.read_parquet(tmp_path / str(number)) for number in range(len(ours))]

    assert {"hit", "clear", "unknown"} <= set(ours[0].stack())
    assert len(ours[1]) > 10
    assert [ordered(rows) for rows in ours] == [ordered(rows) for rows in theirs]


def knock_outs(tables: Mapping[str, ir.Table]) -> list[ir.Table]:
    """The state of every rule, and every proof."""
    return [question(tables["applications"], tables) for question in (states, proofs)]


def ordered(rows: pd.DataFrame) -> list[tuple[str, ...]]:
    return sorted(rows.astype(str).itertuples(index=False, name=None))


def test_a_difference_between_engines_is_seen() -> None:
    ten = np.arange(10.0)
    duckdb = pd.DataFrame({"days": ten, "ratio": ten / 7, "gap": ten, "industry": "C"})

    spark = duckdb.assign(days=ten + 1e-12, ratio=duckdb["ratio"] * (1 + 2e-9), gap=ten)
    spark.loc[3, ["gap", "industry"]] = np.nan, "制造业"

    assert differing(duckdb, spark) == ["days", "ratio", "gap", "industry"]
    assert differing(duckdb, duckdb.assign(ratio=duckdb["ratio"] * (1 + 1e-12))) == []


def test_without_pyspark_the_user_learns_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    settings = params(engine__kind="spark").engine

    with engine(settings) as connection, pytest.raises(InputError) as refused, spark.session(settings, connection):
        pass

    assert "engine.kind is spark, but PySpark is not installed" in str(refused.value)
    assert "pip install 'customer-admission[spark]'" in str(refused.value)
    assert "or set engine.kind to duckdb" in str(refused.value)


@pytest.mark.spark
@pytest.mark.usefixtures("_spark")
def test_without_java_the_stage_stops_and_names_the_package(portfolio: Portfolio, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "canonical").symlink_to(portfolio.folder / "data" / "canonical")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(committed(engine__kind="spark")), encoding="utf-8")
    environment = {**os.environ, "JAVA_HOME": str(tmp_path / "nowhere")}

    stage = subprocess.run(
        [sys.executable, "-m", "pipelines.featurize"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    assert stage.returncode == 2
    assert "error: Spark did not start" in stage.stderr
    assert "It needs Java 17 or newer: see `java -version`" in stage.stderr
    assert "openjdk-17-jre-headless" in stage.stderr


@pytest.mark.spark
@pytest.mark.usefixtures("_spark")
def test_a_master_that_is_none_is_named_with_what_was_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = params(engine__kind="spark", engine__spark_master="sprak://host:7077").engine

    with engine(settings) as connection, pytest.raises(InputError) as refused, spark.session(settings, connection):
        pass

    assert "engine.spark_master: Spark did not start at sprak://host:7077" in str(refused.value)
    assert "Could not parse Master URL" in str(refused.value)
    assert "Expected null for this machine, or for example spark://host:7077 or yarn" in str(refused.value)


def test_an_engine_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"engine\.kind is 'polars'. Input should be 'duckdb' or 'spark'"):
        params(engine__kind="polars")
