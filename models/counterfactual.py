"""What would have to change: the smallest moves of actionable features that lift an applicant to a better grade.

Only features that the catalogue declares actionable and the model holds monotone are moved, towards less risk, and no
further than the better of the 5 % and 95 % quantile of the development sample; everything else stays as it is. Up to three
features are chosen greedily by how far each lowers the PD, then each is moved back by bisection as far as the grade
allows: one step less of any change would miss it. A result is a scenario of the model, not a promise and not a cause.
Source: Wachter, Mittelstadt & Russell 2018, "Counterfactual explanations without opening the black box".
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from features.catalogue import Catalogue, Feature
from models.bundle import Bundle
from models.grades import GRADES

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

MOST_CHANGES = 3
LOW, HIGH = 0.05, 0.95

PERCENT_UP_TO = 5.0
"""A change is told in whole steps: a tenth of a percent of a ratio that stays below this, a hundredth of other ratios, and
whole days, counts, grades and scores."""

REACHED, TOO_MANY, UNREACHABLE, BEST = "reached", "too_many", "unreachable", "best"
"""Found; would need more than three changes; not by all of them together; no better grade asked for."""


@dataclass(frozen=True)
class Move:
    """How far one feature may be moved: upwards (`sign` 1) or downwards (-1) to `end`, in whole `step`s.

    Steps count from zero, or, `from_own`, from the applicant's own value: a newer annual statement is a year younger.
    """

    feature: str
    sign: int
    end: float
    step: float
    from_own: bool = False


@dataclass(frozen=True)
class Counterfactuals:
    """One scenario a row of the frame asked about.

    `scenarios` has the frame's index and the columns target (grade, "" if none), status, pd_before, pd_after, grade_after;
    `changes` one row a change, in the order chosen: row (position in the frame), feature, before, after.
    """

    scenarios: pd.DataFrame
    changes: pd.DataFrame


def moves(bundle: Bundle, development: pd.DataFrame, catalogue: Catalogue) -> tuple[Move, ...]:
    """Return what may be moved, in catalogue order, with ends taken from the values of the development sample.

    A feature that the model standardises, that nobody in development has, or that this model does not hold monotone is left.
    """
    names = [f.id for f in catalogue.features if f.actionable and bundle.directions.get(f.id, 0)]
    known = [n for n in names if n not in bundle.encoder.standards and development[n].notna().any()]
    return tuple(_move(catalogue.feature(n), bundle.directions[n], development[n].dropna()) for n in known)


def _step(feature: Feature) -> float:
    if feature.unit != "ratio":
        return 1.0
    return 0.001 if feature.clip is not None and feature.clip[1] <= PERCENT_UP_TO else 0.01


def _move(feature: Feature, direction: int, values: pd.Series) -> Move:
    if feature.moves_by is not None:
        edge = float(values.quantile(LOW if direction > 0 else HIGH))
        return Move(str(values.name), -direction, edge, feature.moves_by, from_own=True)
    step = _step(feature)
    end = float(values.quantile(LOW if direction > 0 else HIGH)) / step
    # The last whole step inside the range, so that no told value leaves it.
    whole = np.ceil(end - 1e-9) if direction > 0 else np.floor(end + 1e-9)
    return Move(str(values.name), -direction, float(_value(whole, step)), step)


def _value(steps: Any, step: Any) -> Any:
    """Return whole steps as a value, without the tail of binary fractions (0.35, not 0.35000000000000003)."""
    return np.round(steps * step, 6) + 0.0


def next_grades(grades: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the grade one better than each, "" for the best."""
    better = {grade: above for above, grade in zip(("", *GRADES), GRADES, strict=False)}
    return np.array([better[grade] for grade in grades], dtype=object)


def counterfactuals(
    bundle: Bundle, X: pd.DataFrame, allowed: tuple[Move, ...], target: NDArray[np.object_] | None = None
) -> Counterfactuals:
    """Return for each row of X the smallest changes that reach the target grade, by default the next better one.

    `target` holds one grade a row, "" for none; a row already there asks for nothing.
    """
    wanted = next_grades(bundle.grade(X)) if target is None else target
    search = _Search(bundle, X, allowed, wanted)
    search.choose()
    search.tighten()
    return Counterfactuals(search.scenarios(X.index), search.changes())


class _Search:
    """A batch of searches: the matrix of every row as it is (`start`) and as changed so far (`now`)."""

    def __init__(self, bundle: Bundle, X: pd.DataFrame, allowed: tuple[Move, ...], target: NDArray[np.object_]):
        self.bundle, self.allowed, self.target = bundle, allowed, target
        self.start = bundle.encoder.matrix(X)
        self.now = self.start.copy()
        self.place = np.array([bundle.encoder.names.index(m.feature) for m in allowed], dtype=np.int64)
        upper = dict(zip(GRADES, (*bundle.grades.bounds, 1.0), strict=True))
        self.limit = np.array([upper.get(grade, np.nan) for grade in target])
        self.pd_before = self._pd(self.start)
        self.asked = self.pd_before > self.limit
        self.reached = np.zeros(len(X), dtype=np.bool_)
        self.chosen: list[Places] = []

    def _pd(self, matrix: Floats) -> Floats:
        if not len(matrix):
            return np.empty(0)
        margin = np.asarray(self.bundle.booster.predict(matrix, raw_score=True))
        return expit(self.bundle.calibration.log_odds(margin))

    def choose(self) -> None:
        """Add to each row, up to three times, the full move that lowers its PD most, until its grade is reached."""
        rows = np.flatnonzero(self.asked)
        for _ in range(MOST_CHANGES):
            best, lowest = self._best_moves(rows)
            chosen = np.full(len(self.now), -1, dtype=np.int64)
            chosen[rows] = best
            self.chosen.append(chosen)
            self._move_all(chosen)
            self.reached[rows] = lowest <= self.limit[rows]
            rows = rows[(best >= 0) & ~self.reached[rows]]

    def _best_moves(self, rows: Places) -> tuple[Places, Floats]:
        """Return for each row the move with the lowest PD, -1 where none lowers it, and that PD."""
        lowest, best = self._pd(self.now[rows]), np.full(len(rows), -1, dtype=np.int64)
        for k, place in enumerate(self.place):
            movable = np.flatnonzero(self._can_move(self.now[rows, place], k))
            changed = self.now[rows[movable]]
            changed[:, place] = self._end(changed[:, place], k)
            found = self._pd(changed)
            better = movable[found < lowest[movable]]
            lowest[better], best[better] = found[found < lowest[movable]], k
        return best, lowest

    def _end(self, value: Floats, k: int) -> Floats:
        """Return where the move leads each value: to its end, or as many steps from the value as stay within."""
        move = self.allowed[k]
        if not move.from_own:
            return np.full(len(value), move.end)
        steps = np.floor((move.end - value) * move.sign / move.step)
        return value + move.sign * move.step * np.maximum(steps, 0)

    def _can_move(self, value: Floats, k: int) -> NDArray[np.bool_]:
        """Whether a value is known and not yet as good as the end of the move."""
        return (self._end(value, k) - value) * self.allowed[k].sign > 0

    def _move_all(self, chosen: Places) -> None:
        for k, place in enumerate(self.place):
            self.now[chosen == k, place] = self._end(self.now[chosen == k, place], k)

    def tighten(self) -> None:
        """Take every change back as far as the grade allows, the weakest first; rows that miss it all the way."""
        self.now[~self.reached] = self.start[~self.reached]
        for chosen in reversed(self.chosen):
            rows = np.flatnonzero(self.reached & (chosen >= 0))
            self._bisect(rows, chosen[rows])

    def _bisect(self, rows: Places, chosen: Places) -> None:
        """Give each row the least number of whole steps of its change that keeps the grade; none is its own value.

        The model is monotone, so a number that keeps the grade is followed only by such numbers.
        """
        place, own = self.place[chosen], self.start[rows, self.place[chosen]]
        step, sign, from_own = (
            np.array([getattr(m, part) for m in self.allowed])[chosen] for part in ("step", "sign", "from_own")
        )
        end = np.round(self.now[rows, place] / step)
        # The first step leads to a value that reads differently from the own one, which is told in whole steps as well.
        first = sign * np.minimum(sign * (np.round(own / step) + sign), sign * end)
        most = np.where(from_own, np.round(np.abs(self.now[rows, place] - own) / step), np.abs(end - first) + 1)

        def after(steps: Floats) -> Floats:
            moved = np.where(from_own, own + sign * steps * step, _value(first + sign * (steps - 1), step))
            return np.where(steps == 0, own, moved)

        few, many = np.full(len(rows), -1.0), most
        while (many - few > 1).any():
            middle = np.where(many - few > 1, np.floor((few + many) / 2), many)
            self.now[rows, place] = after(middle)
            keeps = self._pd(self.now[rows]) <= self.limit[rows]
            many, few = np.where(keeps, middle, many), np.where(keeps, few, middle)
        self.now[rows, place] = after(many)

    def _unreachable(self) -> NDArray[np.bool_]:
        """Whether a row misses its grade even with everything actionable moved to its end."""
        rows = np.flatnonzero(self.asked & ~self.reached)
        everything = self.start[rows]
        for k, place in enumerate(self.place):
            movable = self._can_move(everything[:, place], k)
            everything[movable, place] = self._end(everything[movable, place], k)
        missed = np.zeros(len(self.start), dtype=np.bool_)
        missed[rows] = self._pd(everything) > self.limit[rows]
        return missed

    def scenarios(self, index: pd.Index) -> pd.DataFrame:
        """Return the outcome of each row."""
        pd_after = self._pd(self.now)
        status = np.where(self.reached, REACHED, np.where(self._unreachable(), UNREACHABLE, TOO_MANY))
        return pd.DataFrame(
            {
                "target": self.target,
                "status": np.where(self.asked, status, BEST),
                "pd_before": self.pd_before,
                "pd_after": pd_after,
                "grade_after": self.bundle.grades.grade(pd_after),
            },
            index=index,
        )

    def changes(self) -> pd.DataFrame:
        """Return the changes of the rows that reached their grade."""
        parts = []
        for order, chosen in enumerate(self.chosen):
            rows = np.flatnonzero(self.reached & (chosen >= 0))
            place = self.place[chosen[rows]]
            before, after = self.start[rows, place], self.now[rows, place]
            names = np.array(self.bundle.encoder.names, dtype=object)[place]
            frame = pd.DataFrame({"row": rows, "order": order, "feature": names, "before": before, "after": after})
            parts.append(frame[before != after])
        return pd.concat(parts).sort_values(["row", "order"], ignore_index=True).drop(columns="order")
