"""Which applicants the committee sees, and everything their page needs."""

from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import Indicator
from features.dimensions import CATALOGUE
from features.tables import MINOR_UNITS
from models.bundle import Bundle
from models.explanation import Explanation, median_case, percentiles
from models.reasons import MOST_AGAINST, MOST_FOR, NAMED_FROM_POINTS
from pipelines.params import Explain

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
    model = [str(name) for name in explanation.features]
    by_indicator = people[model].notna().T.groupby([CATALOGUE.indicator_of(n).id for n in model]).any().T
    return by_indicator.mean(axis=1)


def _positions(points: pd.Series, coverage: pd.Series, bundle: Bundle, cut_off_grade: str) -> dict[str, int]:
    """Return the row of each case. Without anybody admitted the best stands for the worst admitted."""
    values, known = points.to_numpy(), coverage.to_numpy()
    up_to = bundle.grades.table().set_index("grade")["pd_up_to"].to_dict()
    line = float(bundle.scale.points([up_to[cut_off_grade]])[0])
    admitted = bool((values >= line).any())
    few = np.flatnonzero(known <= max(FEW_DATA, float(known.min())))
    return {
        "best": int(values.argmax()),
        "median": median_case(points),
        "worst_admitted": int(np.where(values >= line, values, np.inf).argmin() if admitted else values.argmax()),
        "near_cut_off": int(np.where(values < line, line - values, np.inf).argmin()),
        "few_data": int(few[np.abs(values[few] - np.median(values[few])).argmin()]),
    }


def _at(frame: pd.DataFrame, column: str, row: int) -> Any:
    return frame[column].to_numpy()[row]


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
        points = float(self.explanation.points.to_numpy()[at])
        pd_12m = float(self.bundle.scale.pd([points])[0])
        rows = [self._indicator(i, at) for i in CATALOGUE.indicators]
        group = self._peer_rows(at)
        return {
            "case": name,
            **self._header(at),
            "pd_12m": pd_12m,
            "points": points,
            "grade": str(self.bundle.grades.grade([pd_12m])[0]),
            "cut_off_grade": self.settings.cut_off_grade,
            "decision_hint": None,
            "coverage": float(self.coverage.to_numpy()[at]),
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

    def _header(self, at: int) -> dict[str, Any]:
        person = self.people.iloc[at].to_dict()
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
        points = float(_at(self.explanation.dimensions, name, at)) if assessed else 0.0
        return {"dimension": name, "assessed": assessed, "points": points}

    def _indicator(self, indicator: Indicator, at: int) -> dict[str, Any]:
        modelled = indicator.id in self.explanation.indicators
        return {
            "id": indicator.id,
            "dimension": CATALOGUE.dimension_of(indicator.id).id,
            "assessed": modelled,
            "points": float(_at(self.explanation.indicators, indicator.id, at)) if modelled else 0.0,
            "percentile": float(_at(self.ranks, indicator.id, at)) if modelled else None,
            "leading": self._leading(indicator, at) if modelled else None,
        }

    def _leading(self, indicator: Indicator, at: int) -> dict[str, Any]:
        """Return the feature that carries most of an indicator's points in the indicator's own direction."""
        mine = [f for f in indicator.features if f.id in self.explanation.features]
        points = {f.id: float(_at(self.explanation.features, f.id, at)) for f in mine}
        sign = -1 if _at(self.explanation.indicators, indicator.id, at) < 0 else 1
        name = max(points, key=lambda f: sign * points[f])
        feature, value = CATALOGUE.feature(name), _at(self.people, name, at)
        return {
            "feature": name,
            "value": None if pd.isna(value) else (str(value) if feature.is_category else float(value)),
            "unit": feature.unit,
            "peer_median": self._peer_median(name, at),
            "window": feature.window,
            "points": points[name],
        }

    def _peer_median(self, name: str, at: int) -> float | None:
        if CATALOGUE.feature(name).is_category:
            return None
        median = float(self._peer_rows(at)[name].median())
        return None if np.isnan(median) else median

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
