"""Which applicants the committee sees, and everything their page needs."""

from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import Indicator
from features.dimensions import CATALOGUE
from features.tables import MINOR_UNITS
from models.bundle import Bundle
from models.explanation import Explanation, median_case, percentiles
from pipelines.params import Explain

NAMED_FROM_POINTS = 5.0
"""Indicators that move the score by less are not given as a reason."""

MOST_AGAINST, MOST_FOR = 4, 3
FEW_DATA = 0.7
"""An applicant with fewer of the model's indicators assessed than this is the case of few data."""


def select_cases(
    people: pd.DataFrame, explanation: Explanation, bundle: Bundle, development: pd.DataFrame, settings: Explain
) -> list[dict[str, Any]]:
    """Return best, median, worst admitted, nearest the cut-off and one with few data, each with all its page needs.

    `people` are the applicants explained, with their features and application; `development` gives peers' medians.
    """
    coverage = _coverage(people, explanation)
    chosen = _positions(explanation.points, coverage, bundle, settings.cut_off_grade)
    peers = _peers(people["industry_code"].str[:1], development, settings.peers_at_least)
    ranks = percentiles(explanation.indicators, peers)
    page = _Page(people, explanation, bundle, development, peers, ranks, coverage, settings)
    return [page.case(name, position) for name, position in chosen.items()]


def _coverage(people: pd.DataFrame, explanation: Explanation) -> pd.Series:
    """Return the share of the model's indicators with at least one value, per applicant."""
    model = list(explanation.features)
    by_indicator = people[model].notna().T.groupby([CATALOGUE.indicator_of(n).id for n in model]).any().T
    return by_indicator.mean(axis=1)


def _positions(points: pd.Series, coverage: pd.Series, bundle: Bundle, cut_off_grade: str) -> dict[str, int]:
    line = float(bundle.scale.points(bundle.grades.table().set_index("grade").loc[cut_off_grade, "pd_up_to"]))
    admitted = points[points >= line]
    few = coverage[coverage <= max(FEW_DATA, float(coverage.min()))].index
    chosen = {
        "best": int(points.idxmax()),
        "median": median_case(points),
        "worst_admitted": int(admitted.idxmin()) if len(admitted) else int(points.idxmax()),
        "near_cut_off": int((points.where(points < line) - line).abs().fillna(np.inf).idxmin()),
        "few_data": int(points[few].sub(points[few].median()).abs().idxmin()),
    }
    return chosen


def _peers(section: pd.Series, development: pd.DataFrame, at_least: int) -> pd.Series:
    """Return whom each applicant is compared with: its industry section, or all where development has too few of it."""
    sizes = development["cx_industry"].value_counts() if "cx_industry" in development else pd.Series(dtype=int)
    large = sizes[sizes >= at_least].index
    return section.where(section.isin(large), "all").fillna("all")


class _Page:
    """Puts together the cases' pages from one set of frames with the same rows."""

    def __init__(
        self,
        people: pd.DataFrame,
        explanation: Explanation,
        bundle: Bundle,
        development: pd.DataFrame,
        peers: pd.Series,
        ranks: pd.DataFrame,
        coverage: pd.Series,
        settings: Explain,
    ):
        self.people, self.explanation, self.bundle, self.development = people, explanation, bundle, development
        self.peers, self.ranks, self.coverage, self.settings = peers, ranks, coverage, settings

    def case(self, name: str, at: int) -> dict[str, Any]:
        """Return everything on one applicant's page."""
        person, points = self.people.loc[at], float(self.explanation.points[at])
        pd_12m = float(self.bundle.scale.pd([points])[0])
        rows = [self._indicator(i, at) for i in CATALOGUE.indicators]
        group = self._peer_rows(at)
        return {
            "case": name,
            **self._header(person),
            "pd_12m": pd_12m,
            "points": points,
            "grade": str(self.bundle.grades.grade([pd_12m])[0]),
            "cut_off_grade": self.settings.cut_off_grade,
            "decision_hint": None,
            "coverage": float(self.coverage[at]),
            "base_points": self.explanation.base_points,
            "contributions": [self._dimension(d.id, at) for d in CATALOGUE.dimensions],
            "indicators": rows,
            "reasons_against": self._reasons(sorted((r for r in rows if r["assessed"]), key=lambda r: r["points"]), -1)[
                :MOST_AGAINST
            ],
            "reasons_for": self._reasons(sorted((r for r in rows if r["assessed"]), key=lambda r: -r["points"]), 1)[
                :MOST_FOR
            ],
            "peers": {"industry": str(self.peers[at]), "n": len(group)},
        }

    def _header(self, person: pd.Series) -> dict[str, Any]:
        terms, new = person["requested_terms_days"], person["cx_is_new_customer"]
        return {
            "application_id": str(person["application_id"]),
            "customer_id": str(person["customer_id"]),
            "as_of": f"{person['as_of']:%Y-%m-%d}",
            "product": str(person["product"]),
            "requested_limit": float(person["requested_limit"]) / MINOR_UNITS,
            "requested_terms_days": None if pd.isna(terms) else int(terms),
            "currency": str(person["currency"]),
            "industry": str(person["industry_code"]),
            "is_new_customer": None if pd.isna(new) else bool(new),
        }

    def _dimension(self, name: str, at: int) -> dict[str, Any]:
        assessed = name in self.explanation.dimensions
        return {"dimension": name, "assessed": assessed, "points": float(self.explanation.dimensions.loc[at, name]) if assessed else 0.0}  # fmt: skip

    def _indicator(self, indicator: Indicator, at: int) -> dict[str, Any]:
        modelled = indicator.id in self.explanation.indicators
        return {
            "id": indicator.id,
            "dimension": CATALOGUE.dimension_of(indicator.id).id,
            "assessed": modelled,
            "points": float(self.explanation.indicators.loc[at, indicator.id]) if modelled else 0.0,
            "percentile": float(self.ranks.loc[at, indicator.id]) if modelled else None,
            "leading": self._leading(indicator, at) if modelled else None,
        }

    def _leading(self, indicator: Indicator, at: int) -> dict[str, Any]:
        """Return the feature that carries most of an indicator's points in the indicator's own direction."""
        mine = [f for f in indicator.features if f.id in self.explanation.features]
        points = self.explanation.features.loc[at, [f.id for f in mine]]
        name = str((points * np.sign(points.sum() or 1)).idxmax())
        feature, value = CATALOGUE.feature(name), self.people.loc[at, name]
        return {
            "feature": name,
            "value": None if pd.isna(value) else (str(value) if feature.is_category else float(value)),
            "unit": feature.unit,
            "peer_median": self._peer_median(name, at),
            "window": feature.window,
            "points": float(points[name]),
        }

    def _peer_median(self, name: str, at: int) -> float | None:
        if CATALOGUE.feature(name).is_category:
            return None
        median = self._peer_rows(at)[name].median()
        return None if pd.isna(median) else float(median)

    def _peer_rows(self, at: int) -> pd.DataFrame:
        group = self.peers[at]
        return self.development if group == "all" else self.development[self.development["cx_industry"] == group]

    def _reasons(self, rows: list[dict[str, Any]], sign: int) -> list[dict[str, Any]]:
        named = [r for r in rows if r["points"] * sign >= NAMED_FROM_POINTS and r["id"] != "context"]
        return [
            {
                "indicator": r["id"],
                "points": r["points"],
                **{k: r["leading"][k] for k in ("feature", "value", "peer_median", "unit", "window")},
            }
            for r in named
        ]
