"""From a frame of numbers and categories to the float matrix that LightGBM sees; the same for fitting and scoring.

Categories become integer codes of our own (the place in the sorted list of what was seen when fitting), because LightGBM's
own memory of pandas categories does not survive a text or JSON file. Missing stays NaN, and so does a category never seen.
A number may be taken in standard deviations from the mean of its category (a carbon intensity within its industry).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNSTORABLE = re.compile(r'[\s",:\[\]{}]')
"""Characters that LightGBM's text file cannot hold in a feature's name."""

NUMBERS = {"boolean", "integer", "integer-na", "floating", "mixed-integer-float", "decimal", "empty"}
"""What `pandas.api.types.infer_dtype` calls a column of numbers, or of nothing but missing objects."""


ENOUGH_ROWS = 20
"""A category with fewer known values has no mean and deviation of its own."""

Constants = tuple[float, float]
"""Mean and standard deviation."""


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of a number, overall and by the category `within` which it is standardised.

    The deviations are positive, so a higher value stays higher among companies of one category. A category that is missing,
    never seen, or had fewer than 20 known values (or only one value) takes the overall constants.
    """

    within: str
    overall: Constants
    by_category: Mapping[str, Constants]

    @classmethod
    def learn(cls, values: Floats, category: pd.Series) -> "Standard":
        """Learn from the values of the rows to fit on, shape (n_rows,) with NaN, and the category of each row."""
        names = category.astype(object).to_numpy()
        found = {
            str(name): _constants(values[names == name], ENOUGH_ROWS) for name in sorted(category.dropna().unique())
        }
        own = {name: constants for name, constants in found.items() if constants is not None}
        return cls(str(category.name), _constants(values, 1) or (_any_known(values), 1.0), own)

    def scale(self, values: Floats, category: pd.Series) -> Floats:
        """Return the values in standard deviations from the mean of their category, NaN staying NaN; shape (n_rows,)."""
        constants = np.array([*self.by_category.values(), self.overall])
        place = pd.Index(list(self.by_category), dtype=object).get_indexer(pd.Index(category.astype(object)))
        mean, deviation = constants[place].T  # place -1, no such category, reads the overall constants
        return (values - mean) / deviation


def _constants(values: Floats, at_least: int) -> Constants | None:
    """Return mean and sample standard deviation of the known values; None if they are too few or do not differ."""
    known = values[~np.isnan(values)]
    if len(known) < at_least or known.min() == known.max():
        return None
    return float(known.mean()), float(known.std(ddof=1))


def _any_known(values: Floats) -> float:
    """Return a known value, all being equal; 0 if none is known."""
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else 0.0


@dataclass(frozen=True)
class FeatureEncoder:
    """Names, order and categories of the model's features, learnt from the frame it is fitted on.

    `categories` maps each categorical feature to its sorted values; every other feature is a number. `standards` are those
    numbers that the matrix holds in standard deviations.
    """

    names: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    standards: Mapping[str, Standard] = field(default_factory=dict)

    @classmethod
    def learn(cls, X: pd.DataFrame, standardise_within: Mapping[str, str] | None = None) -> "FeatureEncoder":
        """Learn from the frame to fit on: text, object and `category` columns are categories, the rest must be numbers.

        `standardise_within` names, for some of the numbers, the category within which each is standardised. Raises
        ValueError, naming the columns, for repeated names, for columns of dates or mixed values, and for a
        standardisation of what is no number or within what is no category.
        """
        _check_names(X.columns)
        texts = [str(name) for name in X.columns if _is_category(X[name])]
        seen = {name: tuple(sorted(X[name].dropna().astype(object).unique())) for name in texts}
        pairs = dict(standardise_within or {})
        _check_standards(pairs, set(X.columns), set(texts))
        standards = {name: Standard.learn(_finite(X[name]), X[within]) for name, within in pairs.items()}
        return cls(tuple(X.columns), seen, standards)

    @cached_property
    def stored_names(self) -> tuple[str, ...]:
        """The names as LightGBM's text file can hold them, each once; most are as they are."""
        return _stored(self.names)

    @property
    def category_places(self) -> list[int]:
        """The columns of the matrix that hold category codes, LightGBM's `categorical_feature`."""
        return [place for place, name in enumerate(self.names) if name in self.categories]

    def matrix(self, X: pd.DataFrame) -> Floats:
        """Return X as float64 of shape (n_rows, n_features) in the order of `names`.

        Columns are found by name: their order does not matter and further columns are ignored. Raises ValueError, naming
        the columns, where one is missing, is text instead of a number (or the reverse), or holds infinite values.
        """
        self._refuse_missing(X)
        matrix = np.empty((len(X), len(self.names)), dtype=np.float64, order="F")
        for place, name in enumerate(self.names):
            matrix[:, place] = self._codes(X[name]) if name in self.categories else self._numbers(X, name)
        _refuse_infinite(matrix, self.names)
        return matrix

    def unseen_categories(self, X: pd.DataFrame) -> dict[str, int]:
        """Return how many rows of each categorical feature hold a value never seen when fitting; none: an empty dict."""
        self._refuse_missing(X)
        counts = {name: int((np.isnan(self._codes(X[name])) & X[name].notna()).sum()) for name in self.categories}
        return {name: count for name, count in counts.items() if count}

    def _refuse_missing(self, X: pd.DataFrame) -> None:
        missing = [name for name in self.names if name not in X.columns]
        if missing:
            raise ValueError(
                f"{len(missing)} of the model's {len(self.names)} features are missing from the columns: "
                f"{', '.join(missing)}. Compute them; a feature that is not known for anyone is a column of NaN."
            )

    def _numbers(self, X: pd.DataFrame, name: str) -> Floats:
        values, standard = _numbers(X[name]), self.standards.get(name)
        return values if standard is None else standard.scale(values, X[standard.within])

    def _codes(self, column: pd.Series) -> Floats:
        if column.isna().all():
            return np.full(len(column), np.nan)
        if not _is_category(column):
            raise ValueError(f"column {column.name!r} was text when fitting and is {column.dtype} now; pass it as text")
        values = column.astype("category")
        known = pd.Index(self.categories[str(column.name)], dtype=object).get_indexer(
            values.cat.categories.astype(object)
        )
        code_of = np.where(known < 0, np.nan, known)
        return np.append(code_of, np.nan)[values.cat.codes]  # code -1, missing, reads the last place


def _check_names(names: pd.Index) -> None:
    repeated = sorted(set(names[names.duplicated()]))
    if repeated:
        raise ValueError(f"columns named more than once: {', '.join(repeated)}; keep one of each")


def _stored(names: tuple[str, ...]) -> tuple[str, ...]:
    """A name with characters that the file cannot hold becomes one without, told from the others by its place."""
    stored, taken = list(names), set(names)
    for place, name in enumerate(names):
        if UNSTORABLE.search(name) or not name:
            stored[place] = f"{UNSTORABLE.sub('_', name)}_{place}"
            while stored[place] in taken:
                stored[place] += "_"
            taken.add(stored[place])
    return tuple(stored)


def _check_standards(pairs: Mapping[str, str], names: set[str], categories: set[str]) -> None:
    for name, within in pairs.items():
        if name not in names - categories or within not in categories:
            raise ValueError(
                f"cannot standardise {name!r} within {within!r}: the first must be a column of numbers, the second one of "
                f"categories; the categories are {', '.join(sorted(categories)) or 'none'}"
            )


def _is_category(column: pd.Series) -> bool:
    """Whether a column is text (True) or numbers (False); ValueError if it is neither."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        kind, texts = pd.api.types.infer_dtype(dtype.categories), {"string", "empty"}
    else:
        kind, texts = pd.api.types.infer_dtype(column, skipna=True), {"string"}
    if isinstance(dtype, pd.StringDtype) or kind in texts:
        return True
    if kind in NUMBERS and not isinstance(dtype, pd.CategoricalDtype):
        return False
    raise ValueError(
        f"column {column.name!r} holds {kind} values (dtype {dtype}); the model takes numbers and text. "
        "Turn categories into text with astype(str), dates into days before as_of."
    )


def _numbers(column: pd.Series) -> Floats:
    if column.dtype == np.float64:
        return column.to_numpy()
    if column.isna().all():
        return np.full(len(column), np.nan)
    if _is_category(column):
        first = column.dropna().iloc[0]
        raise ValueError(
            f"column {column.name!r} was a number when fitting and is text now (first value {first!r}); "
            "convert it with pandas.to_numeric where the data are read"
        )
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _finite(column: pd.Series) -> Floats:
    values = _numbers(column)
    _refuse_infinite(values[:, None], (str(column.name),))
    return values


def _refuse_infinite(matrix: Floats, names: tuple[str, ...]) -> None:
    if np.isinf(matrix).any():
        found = _infinite(matrix, names)
        raise ValueError(
            f"infinite values in {', '.join(found)}; a ratio with a zero denominator is missing: use NaN, or clip the feature"
        )


def _infinite(matrix: Floats, names: tuple[str, ...]) -> Iterator[str]:
    counts = np.isinf(matrix).sum(axis=0)
    return (f"{name} ({count} rows)" for name, count in zip(names, counts, strict=True) if count)
