"""The gates of a promotion: each looks at the evidence afresh and says in one sentence what it found."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from features.dimensions import CATALOGUE
from models.bundle import Bundle
from models.certificate import certify
from models.metrics.discrimination import delong_paired
from pipelines.params import Promote
from pipelines.promotion.evidence import Evidence


class Gate(NamedTuple):
    """What a gate found; `words` is a sentence for people."""

    name: str
    passed: bool
    words: str


def gates(candidate: Evidence, champion: Bundle | None, settings: Promote) -> list[Gate]:
    """Return every gate in the order it is told; `champion` is the bundle in force, None before the first."""
    return [
        _certificate(candidate.bundle),
        _audit(candidate, settings),
        _directions(candidate),
        _champion(candidate, champion, settings),
    ]


def _certificate(bundle: Bundle) -> Gate:
    """Prove the directions from the trees again: what the bundle says of itself is not asked."""
    found = certify(bundle.booster, bundle.directions)
    broken = [certificate.feature for certificate in found if not certificate.holds_if_known]
    if broken:
        return Gate("certificate", False, f"the trees break the direction of {', '.join(broken)}")
    return Gate("certificate", True, f"the trees respect all {len(found)} directions")


def _audit(candidate: Evidence, settings: Promote) -> Gate:
    if candidate.audit is None:
        return Gate("audit", False, "the run has no audit; run stage audit and record it again")
    verdicts = dict(candidate.audit["verdicts"])
    red = sorted(key for key, verdict in verdicts.items() if verdict == "red" and key not in settings.accepted_red)
    if red:
        return Gate("audit", False, f"red verdicts not accepted in params.promote.accepted_red: {', '.join(red)}")
    accepted = sorted(key for key, verdict in verdicts.items() if verdict == "red")
    told = f"; accepted although red: {', '.join(accepted)}" if accepted else ""
    return Gate("audit", True, f"{len(verdicts)} verdicts, none red{' but what is accepted' * bool(accepted)}{told}")


def _directions(candidate: Evidence) -> Gate:
    indicators = candidate.explanation["indicators"]
    against = [i["id"] for i in indicators if i.get("verdict") == "inconsistent"]
    if against:
        named = ", ".join(f"{name} ({CATALOGUE.dimension_of(name).id})" for name in against)
        return Gate("directions", False, f"the model uses against the article's direction: {named}")
    return Gate("directions", True, f"no indicator of {len(indicators)} runs against the article's direction")


def _champion(candidate: Evidence, champion: Bundle | None, settings: Promote) -> Gate:
    """Compare both models on the candidate's test rows; what the champion knows and the rows lack counts as missing."""
    if champion is None:
        return Gate("champion", True, "there is no champion yet")
    rows = candidate.test
    absent = {name: np.nan for name in champion.encoder.names if name not in rows}
    own, theirs = candidate.bundle.pd(rows), champion.pd(_typed(rows.assign(**absent), champion))
    paired = delong_paired(rows["label"].astype(int), own, theirs)
    words = (
        f"AUC {paired.difference:+.4f} against the champion on {len(rows):,} rows "
        f"(p {paired.p_value:.3g}; at least {0.0 - settings.champion_tolerance:+.4f} is asked)"
    )
    return Gate("champion", bool(paired.difference >= -settings.champion_tolerance), words)


def _typed(rows: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """Give absent categories the type of text, so that all of them are missing and not numbers."""
    categories = [name for name in bundle.encoder.categories if rows[name].isna().all()]
    return rows.astype(dict.fromkeys(categories, "str")) if categories else rows
