"""Reading one applicant: from base points over dimensions and indicators to the score, the grade and the reasons."""

# %% [markdown]
# # Reading one applicant
# Needs a finished run in `data/`. The report shows this as pages; here are the numbers behind them.

# %%
import json
from pathlib import Path

import numpy as np
import pandas as pd

from features.dimensions import CATALOGUE
from models.bundle import Bundle

DATA = Path("data")
cases = json.loads((DATA / "explain/cases.json").read_text(encoding="utf-8"))
case = next(c for c in cases if c["case"] == "worst_admitted")

# %% Who applies for what, and the result
print({key: case[key] for key in ("application_id", "as_of", "industry", "requested_limit", "currency")})
print(f"PD {case['pd_12m']:.2%}, {case['points']:.0f} points, grade {case['grade']}: {case['decision']['decision']}")

# %% From base points over the dimensions to the score: the sum is exact
parts = pd.Series({c["dimension"]: c["points"] for c in case["contributions"] if c["assessed"]})
print(parts.sort_values().round(1))
print(f"{case['base_points']:.1f} base points {parts.sum():+.1f} = {case['base_points'] + parts.sum():.1f}")
assert np.isclose(case["base_points"] + parts.sum(), case["points"])

# %% The indicators behind them, furthest first, and where the applicant stands among its peers
indicators = pd.DataFrame([i for i in case["indicators"] if i["assessed"]]).set_index("id")
furthest = indicators["points"].abs().sort_values(ascending=False).index[:8]
print(indicators.loc[furthest, ["dimension", "points", "percentile"]].round(2))

# %% The reasons in words: what speaks against, what in favour
names = {indicator.id: indicator for indicator in CATALOGUE.indicators}
for side, words in (("reasons_against", "Against"), ("reasons_for", "In favour")):
    told = [f"{names[r['indicator']].en} / {names[r['indicator']].zh} {r['points']:+.0f}" for r in case[side]]
    print(f"{words}: {'; '.join(told) or 'nothing of weight'}")

# %% Ask the model itself: the same application, were one thing otherwise
bundle = Bundle.read(DATA / "train/bundle")
features = pd.read_parquet(DATA / "featurize/features.parquet")
row = features[features["application_id"] == case["application_id"]]
assert np.isclose(bundle.pd(row)[0], case["pd_12m"])
weakest = [entry["feature"] for entry in indicators.sort_values("points")["leading"][:5]]
for feature in (name for name in weakest if bundle.directions[name]):
    better = row.assign(**{feature: features[feature].quantile(0.1 if bundle.directions[feature] > 0 else 0.9)})
    print(
        f"{CATALOGUE.feature(feature).en} like the best tenth: {bundle.points(better)[0] - case['points']:+.1f} points"
    )
