"""What a cut-off does: who is approved, who of them defaults, and what it costs and earns."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from models.metrics.checks import Floats, NotEstimable, calibration_inputs, numbers
from models.scaling import check_pd


def decisions_at_cut_offs(
    defaulted: ArrayLike,
    pd_12m: ArrayLike,
    cut_offs: Sequence[float],
    *,
    exposure: ArrayLike,
    margin: ArrayLike,
    loss_given_default: float,
) -> pd.DataFrame:
    """What happens if everyone with a PD up to a cut-off is approved and everyone else declined.

    Parameters
    ----------
    defaulted : shape (n_rows,), 1 for a bad, 0 for a good.
    pd_12m : shape (n_rows,), in (0, 1).
    cut_offs : PDs in (0, 1), in any order; a PD equal to its cut-off is approved.
    exposure : shape (n_rows,), exposure at default in one currency, at least 0.
    margin : shape (n_rows,), what a customer who does not default earns, in the same currency.
    loss_given_default : share of the exposure lost, in [0, 1].

    Returns
    -------
    One row a cut-off, as given: cut_off, approved, approval_rate, bad_rate (of the approved, NaN if none), bads_declined (share
    of all bads, NaN if there are none), expected_loss (sum of PD x LGD x exposure of the approved), loss (the same with
    outcomes), profit (margins of approved goods minus loss).

    Raises
    ------
    NotEstimable : without rows. ValueError : for unpaired, missing, negative or out-of-range values.
    """
    outcomes, pds = calibration_inputs(defaulted, pd_12m, "decision table")
    at_risk, earned = _amounts(exposure, "exposures", pds.size), _amounts(margin, "margins", pds.size)
    if (at_risk < 0).any():
        raise ValueError(f"exposures must not be negative; the first is at row {int((at_risk < 0).argmax())}.")
    if not 0 <= loss_given_default <= 1:
        raise ValueError(f"loss given default is a share in [0, 1], such as 0.45; got {loss_given_default}.")
    limits = check_pd(np.asarray(cut_offs, dtype=np.float64))
    lost = loss_given_default * at_risk
    per_row = {"approved": np.ones(pds.size), "bads": outcomes, "expected_loss": pds * lost, "loss": outcomes * lost}
    per_row["earned"] = np.where(outcomes, 0, earned)
    table = pd.DataFrame({"cut_off": limits, **{name: _up_to(limits, pds, value) for name, value in per_row.items()}})
    return _rates(table, pds.size, int(outcomes.sum()))


def share_of_bads_in(grades: Collection[str], grade: ArrayLike, defaulted: ArrayLike) -> float:
    """Share of all bads that were in one of `grades` (the riskiest, say "R9" and "R10"), in [0, 1].

    `grade` and `defaulted` have shape (n_rows,). Raises NotEstimable without bads, ValueError for unpaired or missing values.
    """
    names, outcomes = pd.Series(grade), numbers(defaulted)
    if len(names) != outcomes.size or names.isna().any() or np.isnan(outcomes).any():
        raise ValueError(
            f"got {names.count()} grades and {np.isfinite(outcomes).sum()} outcomes; pass both for every row."
        )
    bad = outcomes == 1
    if not bad.any():
        raise NotEstimable(
            f"the share of bads in {', '.join(grades)} needs bads; got {bad.size} goods. Widen the window."
        )
    return float(names[bad].isin(list(grades)).mean())


def _up_to(limits: Floats, pds: Floats, values: ArrayLike) -> Floats:
    """Sum of the values of all rows with a PD up to each limit."""
    order = np.argsort(pds, kind="stable")
    sums = np.append(0, np.cumsum(np.asarray(values, dtype=np.float64)[order]))
    return sums[np.searchsorted(pds[order], limits, side="right")]


def _rates(table: pd.DataFrame, n: int, bads: int) -> pd.DataFrame:
    approved = table["approved"].astype(np.int64)
    return pd.DataFrame(
        {
            "cut_off": table["cut_off"],
            "approved": approved,
            "approval_rate": approved / n,
            "bad_rate": table["bads"] / approved.where(approved > 0),
            "bads_declined": 1 - table["bads"] / (bads or np.nan),
            "expected_loss": table["expected_loss"],
            "loss": table["loss"],
            "profit": table["earned"] - table["loss"],
        }
    )


def _amounts(values: ArrayLike, name: str, n: int) -> Floats:
    amounts = numbers(values)
    wrong = ~np.isfinite(amounts)
    if amounts.size != n or wrong.any():
        raise ValueError(
            f"got {amounts.size} {name}, {wrong.sum()} of them missing or infinite, for {n} rows; pass one a row."
        )
    return amounts
