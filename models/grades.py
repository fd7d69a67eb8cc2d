"""The master scale: ten grades, one doubling of the odds each, read off the points scale."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.scaling import PointsScale, check_pd


class GradeText(NamedTuple):
    """What a grade means in words; `agency_like` is indicative (long-run one-year default rates), not a rating."""

    en: str
    zh: str
    agency_like: str


GRADE_TEXTS = {
    "R1": GradeText("Minimal risk", "风险极小", "A or better"),
    "R2": GradeText("Very low risk", "风险很低", "A-/BBB+"),
    "R3": GradeText("Low risk", "风险低", "BBB"),
    "R4": GradeText("Fairly low risk", "风险较低", "BBB-"),
    "R5": GradeText("Moderate risk", "风险适中", "BB"),
    "R6": GradeText("Acceptable risk", "风险可接受", "BB-/B+"),
    "R7": GradeText("Raised risk", "风险偏高", "B"),
    "R8": GradeText("High risk", "风险高", "B-"),
    "R9": GradeText("Very high risk", "风险很高", "CCC+"),
    "R10": GradeText("Extreme risk", "风险极高", "CCC/C"),
}

GRADES = tuple(GRADE_TEXTS)
"""The grades from safest to riskiest."""

ANCHOR_GRADE = 6
"""R6 begins at the anchor of the points scale, 600 points on the usual one; R5 one doubling of the odds above."""


@dataclass(frozen=True)
class MasterScale:
    """Ten grades by PD: grade i holds `lower < PD <= upper`, compared on the unrounded PD.

    `bounds` are the upper PDs of R1..R9, rising; R10 reaches to 1. The grade "D", in default, is a fact and not a PD, so
    it is not part of this scale. Raises ValueError if the bounds are not nine rising numbers in (0, 1).
    """

    bounds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse bounds that do not rise."""
        edges = np.array([0.0, *self.bounds, 1.0])
        if len(self.bounds) != len(GRADES) - 1 or not (np.diff(edges) > 0).all():
            raise ValueError(f"the master scale needs {len(GRADES) - 1} rising PDs in (0, 1), got {list(self.bounds)}")

    @classmethod
    def from_points(cls, scale: PointsScale) -> "MasterScale":
        """Return the scale whose R6 begins at the anchor, each grade one doubling of the odds wide."""
        doublings = ANCHOR_GRADE - np.arange(1, len(GRADES))
        bounds = scale.pd(scale.anchor_points + scale.points_to_double_odds * doublings)
        return cls(tuple(bounds.tolist()))

    def grade(self, pd_12m: ArrayLike) -> NDArray[np.object_]:
        """Return the grade ("R1".."R10") of each PD, same shape; ValueError if one is not strictly between 0 and 1."""
        place = np.searchsorted(np.array(self.bounds), check_pd(pd_12m), side="left")
        return np.array(GRADES, dtype=object)[place]

    def table(self) -> pd.DataFrame:
        """Return one row a grade: grade, pd_above, pd_up_to, pd_midpoint, en, zh, agency_like.

        `pd_midpoint` is the geometric mean of the two bounds; R1, which begins at 0, takes half a doubling below its upper.
        """
        above, up_to = np.array([0.0, *self.bounds]), np.array([*self.bounds, 1.0])
        from_pd = np.where(above > 0, above, up_to / 2)
        figures = {"grade": GRADES, "pd_above": above, "pd_up_to": up_to, "pd_midpoint": np.sqrt(from_pd * up_to)}
        return pd.DataFrame(figures).join(pd.DataFrame(list(GRADE_TEXTS.values())))
