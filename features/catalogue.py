"""The catalogue: dimension -> indicator -> feature, each declared once and read by everything else.

Monotone constraints, reason texts, data dictionary, report, direction audit and most tests are read from the declarations
in `features.dimensions`. Adding a feature is adding one entry there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import ibis.expr.types as ir

Direction = Literal[-1, 0, 1]
"""+1: a higher value raises default risk; -1: it lowers it; 0: the evidence does not settle it, no constraint."""

Missing = Literal["structural", "informative", "random", "zero"]
"""Why a value can be missing: not applicable; absence is evidence; by size, industry or region; zero if searched."""

Role = Literal["model", "benchmark", "report"]
"""Model input; composite compared with the model but never an input; shown only."""

Stance = Literal["explicit", "implied", "context"]
"""How the source article gives the indicator's direction: in words, by mention only, or not at all."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What was known of each application, ready for expressions: a view that only `features.point_in_time` can make."""

    name: str
    reads: tuple[str, ...]
    """Tables without which the frame, and every feature on it, is not assessed."""
    may_read: tuple[str, ...] = ()
    """Tables that enrich the frame; absent ones leave their columns null."""
    grain: Literal["application", "history", "features"] = "application"
    """One row an application (features are scalars), many (features are aggregates), or the other features themselves."""
    view: Callable[[ir.Table, dict[str, ir.Table]], ir.Table] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One number (or category) known of an application at as_of."""

    id: str
    en: str
    zh: str
    formula: str
    """The calculation in words, in the notation of the field."""
    frame: Frame = field(repr=False)
    expression: Callable[[ir.Table], ir.Value] = field(repr=False)
    window: str
    unit: str
    direction: Direction
    missing: Missing
    source: str
    clip: tuple[float, float] | None = None
    """Fixed bounds after the formula, so that explanations do not move with the sample. None: a category."""
    role: Role = "model"
    actionable: bool = False
    """Whether the customer could change it before the next application."""
    moves_by: float | None = None
    """What an actionable feature changes by, if not by any amount: a newer annual statement is a year younger."""
    zero_if_checked: str = ""
    """For missing class `zero`: the source whose search makes 'no row' mean zero."""
    standardise_within: str = ""
    """The category feature within which the model takes the value as standard deviations from the mean, if any.

    The constants come from the development sample alone and belong to the model, so the feature itself is not standardised.
    """

    @property
    def is_category(self) -> bool:
        """Whether the feature is a category rather than a number."""
        return self.clip is None


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One named admission indicator of the source article, with its features."""

    id: str
    code: str
    en: str
    zh: str
    stance: Stance
    good_en: str
    good_zh: str
    bad_en: str
    bad_zh: str
    features: tuple[Feature, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One of the seven dimensions of customer admission, or the context, with its indicators."""

    id: str
    en: str
    zh: str
    indicators: tuple[Indicator, ...]


class Catalogue:
    """All dimensions with lookups over them; refuses a feature or indicator declared twice."""

    def __init__(self, dimensions: tuple[Dimension, ...]):
        self.dimensions = dimensions
        self.indicators = tuple(i for d in dimensions for i in d.indicators)
        self.features = tuple(f for i in self.indicators for f in i.features)
        self._feature = {f.id: f for f in self.features}
        self._indicator_of = {f.id: i for i in self.indicators for f in i.features}
        self._dimension_of = {i.id: d for d in dimensions for i in d.indicators}
        self._refuse_repeats()

    def _refuse_repeats(self) -> None:
        for kind, ids in (("feature", [f.id for f in self.features]), ("indicator", [i.id for i in self.indicators])):
            repeated = sorted({x for x in ids if ids.count(x) > 1})
            if repeated:
                raise ValueError(f"{kind} declared more than once: {', '.join(repeated)}; give each its own id")

    def feature(self, feature_id: str) -> Feature:
        """Return the feature called `feature_id`; KeyError if the catalogue has none."""
        return self._feature[feature_id]

    def indicator_of(self, feature_id: str) -> Indicator:
        """Return the one indicator that owns a feature."""
        return self._indicator_of[feature_id]

    def dimension_of(self, indicator_id: str) -> Dimension:
        """Return the one dimension that owns an indicator."""
        return self._dimension_of[indicator_id]

    @property
    def admission_indicators(self) -> tuple[Indicator, ...]:
        """Return the indicators of the seven dimensions, without the context."""
        return tuple(i for i in self.indicators if i.stance != "context")

    def of_role(self, role: Role) -> tuple[Feature, ...]:
        """Return the features of one role, in catalogue order."""
        return tuple(f for f in self.features if f.role == role)

    def directions(self, feature_ids: list[str]) -> dict[str, int]:
        """Return LightGBM's monotone constraint of each feature by name."""
        return {name: int(self.feature(name).direction) for name in feature_ids}
