"""A first look at a finished run: how good the model is, what it looks at, one applicant from base points to score."""

# %% [markdown]
# # A first look at a finished run
# Opens what `make run` left in `data/`: how good the model is, what it looks at, and one applicant from base points to score.
# A plain script with cells (VS Code, or `jupytext --to ipynb`); run it from the project's top folder.

# %%
import json
from pathlib import Path

import pandas as pd

from features.dimensions import CATALOGUE
from models.bundle import Bundle

DATA = Path("data")
metrics = json.loads((DATA / "evaluate/metrics.json").read_text())
explanation = json.loads((DATA / "explain/explanation.json").read_text())

# %% The test sample, with intervals
print(pd.DataFrame({k: v for k, v in metrics["out_of_time"].items() if isinstance(v, dict)}).T)

# %% Challengers on the same rows
print(pd.DataFrame({k: {"auc": v["auc"]["value"], **v["difference"]} for k, v in metrics["benchmarks"].items()}).T)

# %% What the model looks at: features by share of the points
top = pd.DataFrame(explanation["features"]).set_index("id")[["share", "verdict", "missing_share"]].head(10)
print(top.assign(name=[CATALOGUE.feature(i).en for i in top.index]))

# %% One applicant, from base points over dimensions to the score
contributions = pd.read_parquet(DATA / "explain/contributions.parquet")
applicant = contributions.iloc[0]
print(applicant[["application_id", "base_points"]].to_dict())
print(applicant.filter(regex="^dimension_").astype(float).round(1).to_dict())
print({"points": round(float(applicant["points"]), 1), "grade": applicant["grade"]})

# %% The bundle scores any frame that has its columns
bundle = Bundle.read(DATA / "train/bundle")
features = pd.read_parquet(DATA / "featurize/features.parquet").head(5)
print(features[["application_id"]].assign(pd_12m=bundle.pd(features), grade=bundle.grade(features)))
