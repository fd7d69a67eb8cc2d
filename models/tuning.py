"""The search for settings: Optuna's TPE on folds that go forward in time, and the fastest model among the equally good.

A trial is judged by its mean AUC over the folds and by what it costs to explain: the cost of exact Shapley values grows
with the players on the paths to the leaves. Every trial has its own seed, so a search that was interrupted and goes on
with the trials already done ends as one that was not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import optuna
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from scipy.special import logit, ndtri
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold

from models.calibration import log_loss
from models.default_risk import DefaultRiskModel
from models.metrics.discrimination import auc, delong_interval

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Settings = Mapping[str, Any]

SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(0.02, 0.1, log=True),
    "num_leaves": IntDistribution(3, 31, log=True),
    "max_depth": IntDistribution(2, 8),
    "min_child_samples": IntDistribution(10, 200, log=True),
    "reg_lambda": FloatDistribution(0.1, 30.0, log=True),
    "subsample": FloatDistribution(0.5, 1.0),
    "colsample": FloatDistribution(0.2, 1.0),
    "extra_trees": CategoricalDistribution([False, True]),
}
"""Where to search; depth and leaves because shallow trees explain faster."""

RANDOM_TRIALS = 10
"""Trials before TPE has anything to learn from."""

UNPRUNED_TRIALS = 5
"""Finished trials before one that falls below their median on a fold is given up."""


class Fold(NamedTuple):
    """Places of the rows to learn from and of those to judge by; no group is on both sides."""

    train: Places
    held_out: Places


class Rows(NamedTuple):
    """What is searched on: features (n_rows, n_features), outcome and weight (n_rows,)."""

    X: pd.DataFrame
    bad: NDArray[np.bool_]
    weight: Floats


@dataclass(frozen=True)
class Budget:
    """At most so many trials in all, and none is begun after so many seconds of this search."""

    trials: int
    seconds: float


@dataclass(frozen=True)
class Trial:
    """Settings and how they did.

    `auc` is the mean of `fold_auc`, `auc_error` its standard error (DeLong on each fold), `log_loss` the mean over the
    folds. `explanation_cost` is the sum over the leaves of all trees of the features on the path there, the median fold's;
    `microseconds` what a prediction of one row took, on this machine. A pruned trial saw the first folds alone.
    """

    number: int
    settings: Settings
    pruned: bool
    fold_auc: tuple[float, ...]
    auc_error: float
    log_loss: float
    trees: int
    explanation_cost: int
    microseconds: float

    @property
    def auc(self) -> float:
        """Mean AUC over the folds seen."""
        return float(np.mean(self.fold_auc))


def forward_folds(as_of: pd.Series, groups: ArrayLike, bad: NDArray[np.bool_], n_folds: int, seed: int) -> list[Fold]:
    """Return folds that learn from what came before and judge by what came after, with no group on both sides.

    `as_of` (n_rows,) is cut into `n_folds` + 1 periods of about as many rows; fold k learns from the first k of them, less
    the groups that the next one holds. Data with fewer dates than periods know no time: whole groups at random then, drawn
    by `seed`. Outcomes of the last rows to learn from may have become known only within the period that judges.

    Raises ValueError if some fold would lack goods or bads on a side.
    """
    group = np.asarray(groups)
    dates, day = np.unique(as_of.to_numpy(), return_inverse=True)
    if len(dates) <= n_folds:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        folds = [Fold(*fold) for fold in splitter.split(np.empty(len(bad)), bad, group)]
    else:
        period = _periods(day, n_folds + 1)
        folds = [_forward(period, group, held_out) for held_out in range(1, n_folds + 1)]
    _refuse_one_class(folds, bad)
    return folds


def _periods(day: Places, count: int) -> Places:
    """The period of each row, 0 to `count` - 1: rows of one day stay together."""
    rows_before = np.searchsorted(np.sort(day), day)
    return rows_before * count // len(day)


def _forward(period: Places, group: NDArray[Any], held_out: int) -> Fold:
    judges = period == held_out
    learns = (period < held_out) & ~np.isin(group, group[judges])
    return Fold(np.flatnonzero(learns), np.flatnonzero(judges))


def _refuse_one_class(folds: Sequence[Fold], bad: NDArray[np.bool_]) -> None:
    for number, fold in enumerate(folds, start=1):
        for side, places in zip(("to learn from", "to judge by"), fold, strict=True):
            if not 2 <= bad[places].sum() <= len(places) - 2:
                raise ValueError(
                    f"fold {number} of {len(folds)} has {int(bad[places].sum())} bads among its {len(places)} rows {side}; "
                    "two goods and two bads are needed on each side: take fewer folds"
                )


def search(
    model: DefaultRiskModel,
    rows: Rows,
    folds: Sequence[Fold],
    budget: Budget,
    clock: Callable[[], float],
    done: Sequence[Trial] = (),
) -> Iterator[Trial]:
    """Yield further trials after those `done`, one by one; the first of all has the model's own settings.

    The model brings constraints, seed and what is not searched for. `clock` tells seconds. The same rows, folds and model
    give the same trials but for their microseconds, whether in one search or in several, and however many threads.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize", pruner=optuna.pruners.MedianPruner(UNPRUNED_TRIALS, n_warmup_steps=0)
    )
    for trial in done:
        study.add_trial(_as_finished(trial))
    start = clock()
    for number in range(len(done), budget.trials):
        if clock() - start > budget.seconds:
            return
        # A sampler a trial: what it draws depends on the seed, the number and the trials before, not on interruptions.
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=RANDOM_TRIALS, seed=(model.seed * 100_003 + number) % 2**32
        )
        if number == 0:
            study.enqueue_trial(_within_space(model))
        yield _try(study, number, model, rows, folds, clock)


def _within_space(model: DefaultRiskModel) -> dict[str, Any]:
    """The model's own settings, as far as they lie where the search looks."""
    own = {name: getattr(model, name) for name in SPACE}
    return {name: value for name, value in own.items() if SPACE[name]._contains(SPACE[name].to_internal_repr(value))}


def _as_finished(trial: Trial) -> optuna.trial.FrozenTrial:
    return optuna.trial.create_trial(
        state=TrialState.PRUNED if trial.pruned else TrialState.COMPLETE,
        value=trial.auc,
        params=dict(trial.settings),
        distributions=SPACE,
        intermediate_values={fold: float(np.mean(trial.fold_auc[: fold + 1])) for fold in range(len(trial.fold_auc))},
    )


def _try(
    study: optuna.Study,
    number: int,
    model: DefaultRiskModel,
    rows: Rows,
    folds: Sequence[Fold],
    clock: Callable[[], float],
) -> Trial:
    asked = study.ask(SPACE)
    grown: list[_Grown] = []
    for step, fold in enumerate(folds):
        grown.append(_grow(model, asked.params, rows, fold, clock))
        asked.report(float(np.mean([fold.auc for fold in grown])), step)
        if asked.should_prune():
            break
    pruned = len(grown) < len(folds)
    trial = _trial(number, asked.params, pruned, grown)
    study.tell(asked, state=TrialState.PRUNED) if pruned else study.tell(asked, trial.auc)
    return trial


class _Grown(NamedTuple):
    """One fold of a trial."""

    auc: float
    error: float
    log_loss: float
    trees: int
    cost: int
    microseconds: float


def _grow(model: DefaultRiskModel, settings: Settings, rows: Rows, fold: Fold, clock: Callable[[], float]) -> _Grown:
    fitted = clone(model).set_params(**settings)
    booster, held_out = fitted.grow_held_out(rows.X, rows.bad, rows.weight, fold.train, fold.held_out)
    start = clock()
    margin = np.asarray(booster.predict(held_out, raw_score=True, num_threads=1))
    seconds = clock() - start
    bad, weight = rows.bad[fold.held_out], rows.weight[fold.held_out]
    return _Grown(
        auc=auc(bad, margin),
        error=_delong_error(bad, margin),
        log_loss=log_loss(margin, bad, weight),
        trees=booster.num_trees(),
        cost=explanation_cost(booster),
        microseconds=1e6 * seconds / len(held_out),
    )


def _trial(number: int, settings: Settings, pruned: bool, grown: Sequence[_Grown]) -> Trial:
    return Trial(
        number=number,
        settings=dict(settings),
        pruned=pruned,
        fold_auc=tuple(fold.auc for fold in grown),
        auc_error=float(np.sqrt(np.sum([fold.error**2 for fold in grown])) / len(grown)),
        log_loss=float(np.mean([fold.log_loss for fold in grown])),
        trees=int(np.median([fold.trees for fold in grown])),
        explanation_cost=int(np.median([fold.cost for fold in grown])),
        microseconds=float(np.median([fold.microseconds for fold in grown])),
    )


def _delong_error(bad: NDArray[np.bool_], margin: Floats) -> float:
    """Standard error of the AUC, from the interval that is symmetric in log-odds; 0 where it cannot be estimated."""
    found = delong_interval(bad, margin, level=0.95)
    if np.isnan(found.high):
        return 0.0
    in_log_odds = (logit(found.high) - logit(found.value)) / ndtri(0.975)
    return float(in_log_odds * found.value * (1 - found.value))


def explanation_cost(booster: lightgbm.Booster) -> int:
    """Return the sum over the leaves of all trees of the different features on the path there."""
    trees = booster.dump_model()["tree_info"]
    return sum(_players(tree["tree_structure"], frozenset()) for tree in trees)


def _players(node: dict[str, Any], met: frozenset[int]) -> int:
    if "split_feature" not in node:
        return len(met)
    met |= {node["split_feature"]}
    return _players(node["left_child"], met) + _players(node["right_child"], met)


def fastest_of_the_best(trials: Sequence[Trial], within: float) -> Trial:
    """Return the trial that is cheapest to explain among those within so many standard errors of the best.

    Breiman, Friedman, Olshen and Stone (1984), "Classification and Regression Trees", 3.4.3, with speed for simplicity.
    Pruned trials do not count; raises ValueError if there is no other.
    """
    complete = [trial for trial in trials if not trial.pruned]
    if not complete:
        raise ValueError("no trial was finished; allow more seconds")
    best = max(complete, key=lambda trial: trial.auc)
    good = [trial for trial in complete if trial.auc >= best.auc - within * best.auc_error]
    return min(good, key=lambda trial: (trial.explanation_cost, -trial.auc, trial.number))
