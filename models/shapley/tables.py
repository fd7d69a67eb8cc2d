"""Exact Shapley values looked up: what each player gets is tabulated once a model, then added up row by row.

So is the margin: a tree pays a row the output of the one leaf that it reaches, and the trees are added up in LightGBM's own
order, so that margins are those of `predict`, bit for bit.

A row meets one entry of each table. Its place there is a mixed-radix number: every feature of the table contributes a step
that depends on the feature's code alone, so it is looked up too, and the steps are added.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from models.shapley.codes import Coder, Codes
from models.shapley.compiled import compiled
from models.shapley.matrix import Explained, as_matrix
from models.shapley.pages import Page, Steps
from models.shapley.trees import Floats, Ints, TabulationError

LARGEST = 1 << 26
"""Numbers in all tables beyond which a model is not tabulated: 512 MB."""

BLOCK = 8192
"""Rows explained together: enough to use a table well while it is in the cache, few enough to stay there themselves."""


@dataclass(frozen=True)
class Tables:
    """The tables of a model, one after the other; `base` plus the values of a row are its margin, the sum of the trees.

    Table t has the features number `first_feature[t]` to `first_feature[t + 1]` of `feature` (places in the coder's), each
    with its steps from `first_step` on; what it pays from `first_margin[t]` on; and likewise players, each with its column of
    entries. If `with_features`, features play by themselves too, numbered after the players.
    """

    base: float
    n_players: int
    n_features: int
    with_features: bool
    coder: Coder
    first_feature: Ints
    feature: Ints
    first_step: Ints
    steps: Steps
    first_margin: Ints
    margin: Floats
    first_player: Ints
    player: Ints
    first_entry: Ints
    entries: Floats
    method: Literal["tables"] = "tables"

    @classmethod
    def bind(
        cls, pages: Iterable[Page], coder: Coder, n_players: int, n_features: int, *, with_features: bool
    ) -> "Tables":
        """Return pages as one; TabulationError as soon as they are too many."""
        bound = _affordable(pages)
        place = {feature: k for k, feature in enumerate(coder.features.tolist())}
        steps = [(place[feature], steps) for page in bound for feature, steps in page.steps.items()]
        entries = [(player, column) for page in bound for player, column in page.entries.items()]
        return cls(
            base=float(sum(page.base for page in bound)),
            n_players=n_players,
            n_features=n_features,
            with_features=with_features,
            coder=coder,
            first_feature=_firsts(len(page.steps) for page in bound),
            feature=np.array([feature for feature, _ in steps], dtype=np.int64),
            first_step=_firsts(len(own) for _, own in steps),
            steps=np.concatenate([np.empty(0, np.uint16), *(own for _, own in steps)]),
            first_margin=_firsts(len(page.margin) for page in bound),
            margin=np.concatenate([np.empty(0), *(page.margin for page in bound)]),
            first_player=_firsts(len(page.entries) for page in bound),
            player=np.array([player for player, _ in entries], dtype=np.int64),
            first_entry=_firsts(len(column) for _, column in entries),
            entries=np.concatenate([np.empty(0), *(column for _, column in entries)]),
        )

    def values(self, matrix: ArrayLike, threads: int = 1) -> Floats:
        """Return the Shapley value of every player for every row, shape (n_rows, n_players), in units of the margin.

        `matrix` is what the model's `predict` takes, shape (n_rows, n_features). The result does not depend on how rows are
        divided among calls or threads.
        """
        return self.explain(matrix, threads).players

    def explain(self, matrix: ArrayLike, threads: int = 1) -> Explained:
        """Return margins and values of rows in one pass; those of features are their players' unless tabulated beside."""
        columns = self.n_players + self.n_features * self.with_features
        margin, values = self._looked_up(matrix, columns, self.first_player, threads)
        return Explained(margin, values[: self.n_players].T, values[self.n_players * self.with_features :].T)

    def margins(self, matrix: ArrayLike, threads: int = 1) -> Floats:
        """Return what `predict` with `raw_score` returns, to the last bit, shape (n_rows,)."""
        return self._looked_up(matrix, 0, np.zeros_like(self.first_player), threads)[0]

    @property
    def nbytes(self) -> int:
        """Bytes that the tables take."""
        return self.entries.nbytes + self.margin.nbytes + self.steps.nbytes

    def _looked_up(self, matrix: ArrayLike, columns: int, first_player: Ints, threads: int) -> tuple[Floats, Floats]:
        """Return margins (n_rows,) and values (n_columns, n_rows)."""
        numbers = as_matrix(matrix, self.n_features)
        margin, values = np.zeros(len(numbers)), np.zeros((columns, len(numbers)))

        def look_up(rows: slice) -> None:
            _add_up(
                self.coder.codes(numbers[rows]),
                self.first_feature,
                self.feature,
                self.first_step,
                self.steps,
                self.first_margin,
                self.margin,
                first_player,
                self.player,
                self.first_entry,
                self.entries,
                margin[rows],
                values[:, rows],
            )

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(look_up, (slice(start, start + BLOCK) for start in range(0, len(numbers), BLOCK))))
        return margin, values


def _affordable(pages: Iterable[Page]) -> list[Page]:
    bound, numbers = [], 0
    for page in pages:
        numbers += len(page.margin) + sum(map(len, page.entries.values()))
        if numbers > LARGEST:
            raise TabulationError(f"the tables would take more than {LARGEST * 8 >> 20} MB")
        bound.append(page)
    return bound


def _firsts(lengths: Iterable[int]) -> Ints:
    return np.cumsum([0, *lengths], dtype=np.int64)


@compiled
def _add_up(
    codes: Codes,
    first_feature: Ints,
    feature: Ints,
    first_step: Ints,
    steps: Steps,
    first_margin: Ints,
    margins: Floats,
    first_player: Ints,
    player: Ints,
    first_entry: Ints,
    entries: Floats,
    margin: Floats,
    values: Floats,
) -> None:
    """Add to margins (n_rows,) and values (n_players, n_rows) what tables give to rows of these codes (n_features, n_rows)."""
    rows = codes.shape[1]
    place = np.empty(rows, np.uint16)
    for table in range(len(first_feature) - 1):
        place[:] = 0
        for k in range(first_feature[table], first_feature[table + 1]):
            code, step = codes[feature[k]], steps[first_step[k] : first_step[k + 1]]
            for row in range(rows):
                place[row] += step[code[row]]
        paid = margins[first_margin[table] : first_margin[table + 1]]
        for row in range(rows):
            margin[row] += paid[place[row]]
        for k in range(first_player[table], first_player[table + 1]):
            value, entry = values[player[k]], entries[first_entry[k] : first_entry[k + 1]]
            for row in range(rows):
                value[row] += entry[place[row]]
