"""What a bare PD cut-off would let in: approvals against defaults, losses and profit, at every half grade."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.grades import GRADES, MasterScale
from models.policy.cut_offs import expected_profit
from models.policy.limits import annual_sales
from models.policy.terms import Policy

Floats = NDArray[np.float64]


def cut_off_curve(applicants: pd.DataFrame, policy: Policy, scale: MasterScale) -> pd.DataFrame:
    """Return one row for each cut-off, from strict to lenient; everybody up to it gets what was asked for.

    `applicants` as in `decide`, and `label`: 1 default, 0 none, missing where the outcome is not known. Columns: `grade` (the
    last one let in; None between two), `pd_up_to`, `n`, `approval_rate`, `mean_pd`, `outcomes` (known), `bads`,
    `annual_sales`, `expected_loss` and `expected_profit` (currency units; rows without an amount asked for add nothing).
    """
    bounds = _bounds(scale)
    economics, pds = policy.economics, applicants["pd_12m"].to_numpy(np.float64)
    asked = applicants["requested_limit"].to_numpy(np.float64, na_value=np.nan)
    exposure = economics.exposure_share * asked
    sales, known = annual_sales(applicants).to_numpy(np.float64), applicants["label"].notna().to_numpy(bool)
    rows = pd.DataFrame(
        {
            "n": 1.0,
            "mean_pd": pds,
            "outcomes": known.astype(float),
            "bads": applicants["label"].fillna(0).to_numpy(float),
            "annual_sales": np.nan_to_num(sales),
            "expected_loss": np.nan_to_num(pds * economics.loss_given_default * exposure),
            "expected_profit": np.nan_to_num(expected_profit(pds, sales, exposure, economics)),
        }
    )
    order = np.argsort(pds, kind="stable")
    sums = np.vstack([np.zeros(rows.shape[1]), rows.to_numpy()[order].cumsum(axis=0)])
    found = pd.DataFrame(sums[np.searchsorted(pds[order], list(bounds), side="right")], columns=rows.columns)
    found["mean_pd"] = found["mean_pd"] / found["n"].where(found["n"] > 0)
    found.insert(0, "pd_up_to", list(bounds))
    found.insert(0, "grade", list(bounds.values()))
    found.insert(3, "approval_rate", found["n"] / max(len(applicants), 1))
    return found.astype({"n": "int64", "outcomes": "int64", "bads": "int64"})


def _bounds(scale: MasterScale) -> dict[float, str | None]:
    """Return the cut-offs with the grade that ends at each, None half-way (in log-odds) between two."""
    ends = [*scale.bounds, 1.0]
    odds = np.log([end / (1 - end) for end in ends[:-1]])
    halves = 1 / (1 + np.exp(-(odds[1:] + odds[:-1]) / 2))
    named: dict[float, str | None] = dict(zip(ends, GRADES, strict=True))
    return dict(sorted((named | dict.fromkeys(map(float, halves))).items()))
