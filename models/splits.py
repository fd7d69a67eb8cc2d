"""Which applications teach the model and which test it: by time, or by customer where there is no time; and their weights.

Every function takes and returns series on the index of the applications. Dates are days: times within a day are cut off.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Days = NDArray[np.int64]

DEVELOPMENT, GAP, OUT_OF_TIME, OUT_OF_SAMPLE = "development", "gap", "out_of_time", "out_of_sample"
TEST = (OUT_OF_TIME, OUT_OF_SAMPLE)
"""The samples that judge a model."""

PERFORMANCE_DAYS = 365
KNOWLEDGE_LAG_DAYS = 45


@dataclass(frozen=True, kw_only=True)
class SplitDates:
    """Development is `as_of <= development_until`, out-of-time `as_of >= out_of_time_from`, the gap lies between.

    The gap must last until the labels of development are known: `performance_days + knowledge_lag_days`. A short history
    may state a smaller `gap_days`, down to 0; then `labels_overlap`, which the report has to say. Raises ValueError if the
    two dates are closer than the gap.
    """

    development_until: pd.Timestamp
    out_of_time_from: pd.Timestamp
    performance_days: int = PERFORMANCE_DAYS
    knowledge_lag_days: int = KNOWLEDGE_LAG_DAYS
    gap_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse dates closer than the gap."""
        needed = _days_apart(self.performance_days, self.knowledge_lag_days, self.gap_days)
        if self._days_between < needed:
            raise ValueError(
                f"out_of_time_from {self.out_of_time_from:%Y-%m-%d} is {self._days_between} days after development_until "
                f"{self.development_until:%Y-%m-%d}, but {needed} must lie between, so that the development labels are known "
                "by then. Move a date, or for a short history state a smaller gap_days (0: labels overlap the test period)."
            )

    @property
    def _days_between(self) -> int:
        return int((self.out_of_time_from - self.development_until).days)

    @property
    def labels_overlap(self) -> bool:
        """Whether labels of the last development applications became known only after out-of-time began."""
        return self._days_between < self.performance_days + self.knowledge_lag_days


def out_of_time(as_of: pd.Series, dates: SplitDates) -> pd.Series:
    """Return "development", "gap" or "out_of_time" for each application; ValueError if development or out-of-time is empty."""
    _refuse_nulls(as_of, "as_of")
    split = pd.Series(GAP, index=as_of.index, dtype="str", name="split")
    day = as_of.dt.normalize()
    split[day <= dates.development_until] = DEVELOPMENT
    split[day >= dates.out_of_time_from] = OUT_OF_TIME
    for part in (DEVELOPMENT, OUT_OF_TIME):
        if not (split == part).any():
            raise ValueError(
                f"no application falls into {part}: as_of runs from {as_of.min():%Y-%m-%d} to {as_of.max():%Y-%m-%d}, "
                f"development_until is {dates.development_until:%Y-%m-%d}, out_of_time_from {dates.out_of_time_from:%Y-%m-%d}"
            )
    return split


def choose_dates(
    mature_as_of: pd.Series,
    *,
    share: float = 0.25,
    performance_days: int = PERFORMANCE_DAYS,
    knowledge_lag_days: int = KNOWLEDGE_LAG_DAYS,
    gap_days: int | None = None,
) -> SplitDates:
    """Return dates that put the last `share` (in (0, 1)) of the mature applications out of time.

    Applications of one day stay together, so the share can come out larger. Raises ValueError if nothing is left for
    development.
    """
    _refuse_nulls(mature_as_of, "as_of")
    _refuse_share(share)
    days = mature_as_of.sort_values(ignore_index=True)
    test_from = days.iloc[math.floor(len(days) * (1 - share))].normalize()
    until = test_from - pd.Timedelta(days=_days_apart(performance_days, knowledge_lag_days, gap_days))
    if days.iloc[0].normalize() > until:
        raise ValueError(
            f"with the last {share:.0%} out of time from {test_from:%Y-%m-%d}, development would end on {until:%Y-%m-%d}, "
            f"and the first application is of {days.iloc[0]:%Y-%m-%d}. State gap_days=0 for a short history, or hold out whole "
            "customers where there is only one date."
        )
    return SplitDates(
        development_until=until,
        out_of_time_from=test_from,
        performance_days=performance_days,
        knowledge_lag_days=knowledge_lag_days,
        gap_days=gap_days,
    )


def out_of_sample(groups: pd.Series, *, share: float = 0.25, seed: int) -> pd.Series:
    """Return "development" or "out_of_sample" for data without time, holding out whole groups at random.

    Groups are drawn until they hold at least `share` (in (0, 1)) of the applications; which ones depends on the seed and the
    groups' names and sizes only, not on the order of the rows. Raises ValueError if no group is left for development.
    """
    _refuse_nulls(groups, "group")
    _refuse_share(share)
    sizes = groups.value_counts().sort_index()
    drawn = sizes.iloc[np.random.default_rng(seed).permutation(len(sizes))]
    enough = int(np.searchsorted(drawn.cumsum().to_numpy(), share * len(groups))) + 1
    if enough >= len(sizes):
        raise ValueError(f"holding out {share:.0%} takes all {len(sizes)} groups; lower the share or use finer groups")
    held_out = groups.isin(drawn.index[:enough])
    return held_out.map({True: OUT_OF_SAMPLE, False: DEVELOPMENT}).astype("str").rename("split")


def seen_in_development(split: pd.Series, groups: pd.Series) -> pd.Series:
    """Return whether each application outside development is of a group that development knows; False within development."""
    in_development = split == DEVELOPMENT
    return (~in_development & groups.isin(groups[in_development])).rename("seen_in_development")


def thin_applications(as_of: pd.Series, customer: pd.Series, *, days: int = 90) -> pd.Series:
    """Return which applications to keep: one within `days` of the customer's previous *kept* one is dropped.

    Limit changes soon after an application are near copies of it. Of several on one day the first row is kept, also with
    `days` 0.
    """
    line = _CustomerLine(as_of, customer)
    keep = np.zeros(len(as_of), dtype=bool)
    frontier = line.first_rows()
    while len(frontier):  # as many rounds as the busiest customer has kept applications
        keep[line.order[frontier]] = True
        frontier = line.first_after(frontier, days)
    return pd.Series(keep, index=as_of.index, name="keep")


def sample_weights(
    as_of: pd.Series, customer: pd.Series, default_date: pd.Series, *, performance_days: int = PERFORMANCE_DAYS
) -> pd.Series:
    """Return the weight in (0, 1] of each kept application, so that one story is told once.

    A bad, with the `default_date` that labels it in `(as_of, as_of + performance_days]`, weighs 1 over the customer's
    applications whose windows contain that date; a good (`default_date` null) 1 over those of its calendar year.
    """
    line = _CustomerLine(as_of, customer)
    _refuse_outside(as_of, default_date, performance_days)
    bad = default_date.notna()
    default_day = _days(default_date.where(bad, as_of + pd.Timedelta(days=1)))
    sharing = line.count_between(default_day - performance_days, default_day)
    in_year = as_of.groupby([customer.to_numpy(), as_of.dt.year.to_numpy()]).transform("size").to_numpy()
    return pd.Series(1 / np.where(bad, sharing, in_year), index=as_of.index, name="sample_weight")


class _CustomerLine:
    """All applications on one line of numbers, customer after customer, so that one sorted search serves them all."""

    def __init__(self, as_of: pd.Series, customer: pd.Series):
        _refuse_nulls(as_of, "as_of")
        _refuse_nulls(customer, "customer")
        self.code, self.day = pd.factorize(customer, sort=True)[0].astype(np.int64), _days(as_of)
        self._before = int(self.day.min(initial=0)) - 1
        self._after = int(self.day.max(initial=0)) + 1
        place = self._place(self.code, self.day)
        self.order = np.argsort(place, kind="stable")
        self._line = place[self.order]

    def _place(self, code: Days, day: Days) -> Days:
        """Where a customer's day lies on the line; days outside all applications stay within the customer's stretch."""
        return code * (self._after - self._before + 1) + np.clip(day, self._before, self._after) - self._before

    def first_rows(self) -> NDArray[np.intp]:
        """Places in `order` of each customer's first application."""
        return np.flatnonzero(np.diff(self.code[self.order], prepend=-1))

    def first_after(self, frontier: NDArray[np.intp], days: int) -> NDArray[np.intp]:
        """Places in `order` of the same customers' first application more than `days` after the one given, if any."""
        rows = self.order[frontier]
        found = np.searchsorted(self._line, self._place(self.code[rows], self.day[rows] + days), side="right")
        within = found < len(self._line)
        found, rows = found[within], rows[within]
        return found[self.code[self.order[found]] == self.code[rows]]

    def count_between(self, first: Days, until: Days) -> Days:
        """For each row, how many applications of its customer lie in [first, until)."""
        ends = [np.searchsorted(self._line, self._place(self.code, day), side="left") for day in (first, until)]
        return (ends[1] - ends[0]).astype(np.int64)


def _days(dates: pd.Series) -> Days:
    return dates.to_numpy(dtype="datetime64[D]").astype(np.int64)


def _days_apart(performance_days: int, knowledge_lag_days: int, gap_days: int | None) -> int:
    """Days from development_until to out_of_time_from; at least one, else a day would be in both."""
    return max(1, performance_days + knowledge_lag_days if gap_days is None else gap_days)


def _refuse_share(share: float) -> None:
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}. If it is a percentage, divide by 100.")


def _refuse_nulls(column: pd.Series, meaning: str) -> None:
    if column.empty:
        raise ValueError(f"there are no applications: the column of {meaning} is empty")
    if column.isna().any():
        raise ValueError(
            f"{int(column.isna().sum())} of {len(column)} applications have no {meaning}; it is needed to split them"
        )


def _refuse_outside(as_of: pd.Series, default_date: pd.Series, performance_days: int) -> None:
    days = (default_date - as_of).dt.days
    outside = days.notna() & ((days <= 0) | (days > performance_days))
    if outside.any():
        row = int(outside.argmax())
        default, start = f"{default_date.iloc[row]:%Y-%m-%d}", f"{as_of.iloc[row]:%Y-%m-%d}"
        raise ValueError(
            f"{int(outside.sum())} default dates lie outside the performance window of {performance_days} days; the first "
            f"is {default} for as_of {start}, row {as_of.index[row]}. Leave it null: that row is not a bad."
        )
