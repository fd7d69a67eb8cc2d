"""The highest PD worth admitting: where the expected profit ends, and where the appetite for loss ends."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.policy.terms import Economics

Floats = NDArray[np.float64]


def break_even_pd(annual_sales: ArrayLike, exposure: ArrayLike, economics: Economics) -> Floats:
    """Return the PD at which the expected profit of a year is zero, in [0, 1].

    `annual_sales` is a year's expected credit sales A, `exposure` the exposure at default, in currency units, any shape. A
    customer who pays earns m*A less the cost of funds and capital on the average balance and the handling; one who defaults
    earns the margin on the sales before it and loses LGD of the exposure:
    PD = (m*A - (r+k)*A*DSO/365 - c) / ((1-tau)*m*A + LGD*EAD).
    """
    earned, at_stake = _stakes(annual_sales, exposure, economics)
    return np.clip(_over(earned, at_stake), 0, 1)


def expected_profit(pd_12m: ArrayLike, annual_sales: ArrayLike, exposure: ArrayLike, economics: Economics) -> Floats:
    """Return the expected profit of a year in currency units, falling with PD and zero at the break-even PD before clipping."""
    earned, at_stake = _stakes(annual_sales, exposure, economics)
    return earned - np.asarray(pd_12m, dtype=np.float64) * at_stake


def _stakes(annual_sales: ArrayLike, exposure: ArrayLike, economics: Economics) -> tuple[Floats, Floats]:
    """Return what a customer who pays earns in a year, and how much less one earns who defaults."""
    sales, at_default = np.asarray(annual_sales, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    margin = economics.contribution_margin * sales
    carrying = economics.funding_rate + economics.capital_charge
    earned = margin - carrying * sales * economics.days_sales_outstanding / 365 - economics.handling_cost
    return earned, (1 - economics.sales_before_default) * margin + economics.loss_given_default * at_default


def appetite_pd(annual_sales: ArrayLike, exposure: ArrayLike, economics: Economics) -> Floats:
    """Return the PD at which the expected loss reaches its budget, in [0, 1]: PD = budget * A / (LGD * EAD)."""
    sales, at_default = np.asarray(annual_sales, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    budget = economics.expected_loss_budget * sales
    return np.clip(_over(budget, economics.loss_given_default * at_default), 0, 1)


def _over(gain: Floats, loss: Floats) -> Floats:
    """Return gain / loss; with nothing at stake any PD will do, unless there is nothing to gain either."""
    safe = np.where(loss > 0, loss, 1.0)
    return np.where(loss > 0, gain / safe, np.where(gain > 0, 1.0, 0.0))
