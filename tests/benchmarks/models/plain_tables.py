"""The estimator as it comes against LightGBM, XGBoost and CatBoost as they come, on public tables of plain columns.

    python tests/benchmarks/models/plain_tables.py [--tables card polish_1 polish_3] [--folds 5] [--only 2]

Each fold holds out whole sets of exact duplicates. Everybody gets the same numbers, with missing values as they are, and one
thread. XGBoost and CatBoost are no part of the project: `pip install xgboost-cpu catboost`, else they are left out. The
files: ADMISSION_PUBLIC_DATA names their folder (README.md says where each is published).
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from models.default_risk import DefaultRiskModel

ROOT = Path(__file__).parents[3]
PUBLIC = Path(os.environ.get("ADMISSION_PUBLIC_DATA", ROOT.parent / "shared" / "data"))


class Table(NamedTuple):
    """Where a table lies, which column says who defaulted, and which columns say nothing of the borrower."""

    file: str
    outcome: str
    left_out: tuple[str, ...] = ()


TABLES = {
    "card": Table("uci_credit_card_default/uci_credit_card.parquet", "default.payment.next.month", ("ID",)),
    "polish_1": Table("polish_bankruptcy/1year.parquet", "class"),
    "polish_3": Table("polish_bankruptcy/3year.parquet", "class"),
}
SCORES: dict[str, Callable[[Any, Any], float]] = {"auc": roc_auc_score, "log_loss": log_loss, "brier": brier_score_loss}


def rivals() -> dict[str, Callable[[], Any]]:
    """Return who competes, each unfitted and with its defaults, on one thread."""
    from lightgbm import LGBMClassifier

    found: dict[str, Callable[[], Any]] = {
        "DefaultRiskModel": DefaultRiskModel,
        "LightGBM": lambda: LGBMClassifier(n_jobs=1, verbosity=-1),
    }
    if find_spec("xgboost"):
        from xgboost import XGBClassifier

        found["XGBoost"] = lambda: XGBClassifier(n_jobs=1)
    if find_spec("catboost"):
        from catboost import CatBoostClassifier

        found["CatBoost"] = lambda: CatBoostClassifier(thread_count=1, verbose=0, allow_writing_files=False)
    return found


def read(table: Table) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return features, outcome, and for each row the set of exact duplicates it is of."""
    rows = pd.read_parquet(PUBLIC / table.file)
    X = rows.drop(columns=[table.outcome, *table.left_out]).astype(float)
    duplicates = pd.factorize(pd.util.hash_pandas_object(X, index=False))[0]
    return X, rows[table.outcome].astype(int).to_numpy(), duplicates


def compete(name: str, folds: int, only: int) -> Iterator[dict[str, Any]]:
    """Yield the scores and CPU seconds of everybody on each fold of a table."""
    X, bad, duplicates = read(TABLES[name])
    splits = list(StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(X, bad, duplicates))
    for fold, (train, held_out) in enumerate(splits[:only], start=1):
        for rival, unfitted in rivals().items():
            start = time.process_time()
            fitted = unfitted().fit(X.iloc[train].to_numpy(), bad[train])
            seconds = time.process_time() - start
            risk = fitted.predict_proba(X.iloc[held_out].to_numpy())[:, 1]
            scores = {score: compute(bad[held_out], risk) for score, compute in SCORES.items()}
            line = {"table": name, "fold": fold, "rival": rival, **scores, "fit_cpu_s": seconds}
            print(" ".join(f"{v:.5f}" if isinstance(v, float) else str(v) for v in line.values()), flush=True)
            yield line


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the means over the folds, and what DefaultRiskModel gains on each rival: mean, and folds where it leads."""
    by_rival = lines.groupby(["table", "rival"], sort=False)[[*SCORES, "fit_cpu_s"]].mean()
    wide = lines.pivot(index=["table", "fold"], columns="rival", values=list(SCORES))
    for score in SCORES:
        sign = 1 if score == "auc" else -1
        gain = wide[score].rsub(wide[score]["DefaultRiskModel"], axis=0) * sign
        by_rival[f"{score}_gain"] = gain.groupby("table").mean().stack()
        by_rival[f"{score}_leads"] = (gain > 0).groupby("table").sum().stack()
    return by_rival


def main() -> None:
    """Run the tables asked for and print every fold and the summary."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", type=int, default=None, help="run the first so many folds alone")
    asked = parser.parse_args()
    lines = [line for name in asked.tables for line in compete(name, asked.folds, asked.only)]
    with pd.option_context("display.width", 200, "display.max_columns", None):
        print(summary(pd.DataFrame(lines)).round(5))


if __name__ == "__main__":
    main()
