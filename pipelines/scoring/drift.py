"""Whether a batch is like the development sample: values missing more often, categories never seen, and what that costs.

What a batch lost is weighed by the model's own importance: a value missing beyond its share in development takes its
feature's importance with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.catalogue import Catalogue
from features.dimensions import CATALOGUE
from models.bundle import Bundle
from pipelines.errors import InputError
from pipelines.params import Score
from pipelines.scoring.worker import Tally

Floats = NDArray[np.float64]


def table_shares(
    names: Sequence[str], weight: Floats, tables: Sequence[str], catalogue: Catalogue = CATALOGUE
) -> dict[str, float]:
    """Return the share of the model's importance that rests on each table."""
    reads = [catalogue.feature(name).frame.reads for name in names]
    return {table: float(sum(w for w, read in zip(weight, reads, strict=True) if table in read)) for table in tables}


def refuse_absent(absent: Mapping[str, float], allowed: Sequence[str], most: float) -> None:
    """Stop if tables that the model needs are absent and carry `most` of its importance or more, unless allowed by name."""
    unknown = sorted(set(allowed) - set(absent))
    if unknown:
        raise InputError(
            f"--allow-missing-table {', '.join(unknown)}: not a table that the model needs and the input lacks; "
            f"those are: {', '.join(absent) or 'none'}"
        )
    heavy = {table: share for table, share in absent.items() if table not in allowed and share >= most}
    lost = sum(share for table, share in absent.items() if table not in allowed)
    if heavy or lost >= most:
        listed = ", ".join(f"{table} ({share:.0%})" for table, share in absent.items() if table not in allowed)
        raise InputError(
            f"the input lacks tables that the model was trained with: {listed} of its importance, limit {most:.0%} "
            "(score.max_lost_importance). Deliver them, or pass --allow-missing-table NAME: then every applicant goes to "
            "manual review"
        )


def drift(bundle: Bundle, weight: Floats, tally: Tally, settings: Score) -> dict[str, Any]:
    """Return how a batch differs from development: features missing more often or unseen, and the importance lost.

    Empty for a batch too small to judge. A category counts as missing where it was never seen.
    """
    if tally.rows < settings.drift_rows_at_least:
        return {"judged": False, "lost_importance": None, "features": []}
    usual = np.array([_usual(bundle, name) for name in bundle.encoder.names])
    missing, unseen = tally.missing / tally.rows, tally.unseen / tally.rows
    more = np.maximum(missing - usual, 0.0)
    flagged = (more > settings.flag_missing_shift) | (unseen > settings.flag_unseen_share)
    found = [
        {
            "feature": bundle.encoder.names[at],
            "missing": round(float(missing[at]), 6),
            "missing_in_development": round(float(usual[at]), 6),
            "unseen": round(float(unseen[at]), 6),
        }
        for at in np.flatnonzero(flagged)
    ]
    return {"judged": True, "lost_importance": round(float((more * weight).sum()), 6), "features": found}


def _usual(bundle: Bundle, name: str) -> float:
    """Return the share of development without a value; a bundle states it for numbers, of categories it is nearly none."""
    return float(bundle.reference.get(name, {}).get("missing") or 0.0)


def refuse_drift(found: Mapping[str, Any], most: float) -> None:
    """Stop if a batch lost more of the model's importance than `most`; InputError names the features that lost most."""
    if found["judged"] and found["lost_importance"] > most:
        listed = ", ".join(
            f"{f['feature']} ({f['missing']:.0%} missing, {f['missing_in_development']:.0%} in development)"
            for f in found["features"][:5]
        )
        raise InputError(
            f"the batch is unlike the development sample: values missing beyond the usual carry {found['lost_importance']:.0%} "
            f"of the model's importance, limit {most:.0%} (score.max_lost_importance): {listed}. Check the extraction of these "
            "columns; a feature that is truly gone needs a model trained without it"
        )
