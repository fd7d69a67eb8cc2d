"""Two policies on one population: who changes decision, and what that is worth."""

import pandas as pd

from models.grades import GRADES
from models.policy.limits import annual_sales
from models.policy.terms import DECISIONS, WORST_FROM, Policy

GRANTED = ("admit", "conditional")


def swap_set(
    applicants: pd.DataFrame, first: pd.DataFrame, second: pd.DataFrame, policies: tuple[Policy, Policy]
) -> pd.DataFrame:
    """Return one row for each pair of decisions that occurs: what the first policy says, and the second.

    `first` and `second` are what `decide` said of the same applicants. Columns: decision_first, decision_second, n, mean_pd,
    expected_defaults, annual_sales, limit_first, limit_second, expected_loss_first, expected_loss_second (currency units;
    expected loss is PD x LGD x exposure share x limit). A limit counts only where the decision grants it.
    """
    rows = pd.DataFrame(
        {
            "decision_first": pd.Categorical(first["decision"], DECISIONS),
            "decision_second": pd.Categorical(second["decision"], DECISIONS),
            "pd_12m": applicants["pd_12m"].to_numpy(float),
            "annual_sales": annual_sales(applicants).to_numpy(float),
        }
    )
    for name, decided, policy in zip(("first", "second"), (first, second), policies, strict=True):
        loss = policy.economics.loss_given_default * policy.economics.exposure_share
        granted = decided["decision"].isin(GRANTED)
        rows[f"limit_{name}"] = decided["limit"].where(granted, 0.0).to_numpy(float)
        rows[f"expected_loss_{name}"] = rows["pd_12m"] * loss * rows[f"limit_{name}"]
    grouped = rows.groupby(["decision_first", "decision_second"], observed=True)
    sums = grouped.sum().rename(columns={"pd_12m": "expected_defaults"})
    sums.insert(0, "n", grouped.size())
    sums.insert(1, "mean_pd", sums["expected_defaults"] / sums["n"])
    return sums.reset_index().astype({"decision_first": "str", "decision_second": "str"})


def worst_exposure(decided: pd.DataFrame) -> float:
    """Return the share of all limits granted that lies in R8 or worse, 0 if nothing is granted.

    `decided` is what `decide` said. The policy's `worst_exposure_share` is the most it should be: a share of the whole, so
    no single decision can keep it.
    """
    granted = decided["limit"].where(decided["decision"].isin(GRANTED), 0.0)
    worst = decided["grade"].isin(GRADES[GRADES.index(WORST_FROM) :])
    return float(granted[worst].sum() / granted.sum()) if granted.sum() > 0 else 0.0
