"""Retraining, comparing and promoting: another model on the same rows, what it is worth, and what the gates say."""

# %% [markdown]
# # Retraining, comparing and promoting
# Needs a finished run in `data/`. Ideas are tried here in memory; one worth keeping becomes an experiment
# (`dvc exp run -S train.num_leaves=7`), is compared (`dvc exp show --only-changed`, `mlflow ui`) and promoted by name.

# %%
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from models.bundle import Bundle
from models.metrics.discrimination import auc, delong_paired
from models.splits import TEST
from pipelines import promote, track
from pipelines.development import read_development, unfitted_model
from pipelines.params import load

DATA = Path("data")
params = load()
bundle = Bundle.read(DATA / "train/bundle")
development = read_development(params)

# %% The rows that decide: later than the development sample, the same for every model
samples = pd.read_parquet(DATA / "split/samples.parquet")
features = pd.read_parquet(DATA / "featurize/features.parquet")
test = samples[samples["sample"].isin(TEST)][["application_id", "label"]].merge(features, on="application_id")

# %% Retrain with smaller trees, and without the article's directions
changes = {"small trees": {"num_leaves": 7}, "no directions": {"directions": None}}
pds = {"the run's model": bundle.pd(test)}
for name, change in changes.items():
    model = unfitted_model(params, development.names).set_params(**change)
    model.fit(
        development.X,
        development.rows["label"],
        groups=development.rows["group"],
        sample_weight=development.rows["weight"],
    )
    pds[name] = model.predict_proba(test[development.names])[:, 1]

# %% Compare on the same rows, by paired DeLong: a difference within its noise is no reason to change
print(pd.DataFrame({name: {"auc": auc(test["label"], pd_12m)} for name, pd_12m in pds.items()}).T.round(4))
against = {name: asdict(delong_paired(test["label"], pds[name], pds["the run's model"])) for name in changes}
print(pd.DataFrame(against).T.round(4))

# %% Would the decisions differ? Grades of the run's model down, of the smaller trees across
grades = {name: bundle.grades.grade(pds[name]) for name in ("the run's model", "small trees")}
print(pd.crosstab(*grades.values(), rownames=["now"], colnames=["small trees"]))

# %% Record the run (the same run is recorded once), and look at the gates: nothing is registered or moved
track.run(params)
print(promote.in_words(promote.examine(params)))

# %% [markdown]
# Promoting is a decision with an author, never a cell that runs by itself:
#
# ```
# admission promote --to champion --by "..." --role "head of credit" --reason "..."
# admission promote --history
# admission promote --rollback --by "..." --role "..." --reason "..."
# ```
