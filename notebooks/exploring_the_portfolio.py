"""Exploring the portfolio: who applied, who defaulted, what is known of them, and which features tell them apart."""

# %% [markdown]
# # Exploring the portfolio
# Opens what `make run` left in `data/`, before any model: who applied, who defaulted, and what is known of them.
# A plain script with cells (VS Code, or `jupytext --to ipynb`); run it from the project's top folder.

# %%
from pathlib import Path

import pandas as pd

from features.dimensions import CATALOGUE
from models.metrics.discrimination import auc
from models.splits import DEVELOPMENT

DATA = Path("data")
features = pd.read_parquet(DATA / "featurize/features.parquet")
samples = pd.read_parquet(DATA / "split/samples.parquet")
applications = pd.read_parquet(DATA / "canonical/applications.parquet")
rows = samples[["application_id", "sample", "label"]].merge(features, on="application_id")
rows["as_of"] = pd.to_datetime(rows["as_of"])

# %% Applications by sample: the test sample is later than anything the model learns from
print(rows.groupby("sample").agg(n=("label", "size"), bads=("label", "sum"), default_rate=("label", "mean")).round(4))

# %% Default rate by year of application, and by industry
print(rows.groupby(rows["as_of"].dt.year)["label"].agg(["size", "sum", "mean"]).round(4))
print(rows.groupby("cx_industry")["label"].agg(["size", "sum", "mean"]).sort_values("mean").round(4))

# %% From here on the development sample alone: looking at the test sample is a way to learn from it
known = rows[rows["sample"] == DEVELOPMENT]
numeric = [f for f in CATALOGUE.features if f.id in known and not f.is_category]

# %% What is known: share of applications for which a dimension's features are there
coverage = pd.Series({f.id: known[f.id].notna().mean() for f in numeric})
dimension = {f.id: CATALOGUE.dimension_of(CATALOGUE.indicator_of(f.id).id).id for f in numeric}
print(coverage.groupby(dimension).agg(["size", "mean", "min"]).sort_values("mean").round(2))


# %% What tells defaults apart, feature by feature: AUC in the direction that the article gives, where known
def alone(name: str, sign: int) -> float:
    """Return the AUC of one feature where it is known; below one half it ranks against its direction."""
    there = known[known[name].notna()]
    return auc(there["label"], sign * there[name]) if there["label"].nunique() == 2 else float("nan")


single = pd.DataFrame(
    {f.id: {"name": f.en, "auc": alone(f.id, f.direction), "known": coverage[f.id]} for f in numeric if f.direction}
).T
print(single.sort_values("auc", ascending=False).head(10))
print("Against their direction:", ", ".join(single[single["auc"] < 0.45].index) or "none")

# %% The strongest that most applications have, by quintile: a rate that rises in steps is what a scorecard would see
best = str(single.loc[single["known"] > 0.7, "auc"].astype(float).idxmax())
quintile = pd.qcut(known[best], 5, duplicates="drop")
print(known.groupby(quintile, observed=True, dropna=False)["label"].agg(["size", "sum", "mean"]).round(4))
