"""The policy's answer to scored rows, in the columns of the record."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from features.knock_outs import READ
from models.grades import MasterScale
from models.policy.decision import INPUTS, decide
from pipelines.policy import Loaded
from pipelines.scoring.rows import Rows

SCORED = (
    "application_id",
    "customer_id",
    "pd_12m",
    "points",
    "challenger_points",
    "explained_coverage",
    "out_of_support",
)
ANSWERS = ("decision", "decision_path", "cut_off_pd", "limit", "terms_days", "prepayment", "conditions", "binding_cap")


@dataclass(frozen=True)
class Decider:
    """Decides with one policy. `absent` tells that tables were allowed to be missing: then nobody passes unreviewed."""

    loaded: Loaded
    scale: MasterScale
    absent: bool = False

    @property
    def version(self) -> str:
        """The policy's name and version, and the beginning of its file's sha256."""
        return self.loaded.version

    def inputs(self, rows: Rows, columns: dict[str, pa.Array]) -> pd.DataFrame:
        """Return what the policy reads of scored rows; what nobody delivered is missing, or unknown.

        `columns` are those of the record, and beside them `challenger_points` and `out_of_support`.
        """
        given = {name: values.to_pandas() for name, values in rows.evidence.items()}
        found = pd.DataFrame({name: columns[name].to_pandas() for name in SCORED})
        frame, nothing = rows.frame, pd.Series(np.nan, index=found.index)
        request = np.exp(frame["cx_log_requested_limit"]).round(2) if "cx_log_requested_limit" in frame else nothing
        return found.assign(
            out_of_support=found["out_of_support"] | self.absent,
            is_new_customer=frame.get("cx_is_new_customer", nothing).astype("boolean"),
            industry=frame.get("cx_industry", nothing),
            region=frame.get("cx_region", nothing),
            requested_limit=given.get("requested_limit", request).astype(float),
            requested_terms_days=given.get(
                "requested_terms_days", frame.get("cx_requested_terms_days", nothing)
            ).astype(float),
            annual_sales=given.get("annual_sales", nothing).astype(float),
            total_equity=given.get("total_equity", nothing).astype(float),
            cost_of_sales=given.get("cost_of_sales", nothing).astype(float),
            **{rule.id: given.get(rule.id, pd.Series("unknown", index=found.index)).fillna("unknown") for rule in READ},
        )[list(INPUTS)]

    def answers(self, inputs: pd.DataFrame) -> dict[str, pa.Array]:
        """Return the columns of the decision."""
        answered = decide(inputs, self.loaded.policy, self.scale)
        return {name: pa.array(answered[name], from_pandas=True) for name in ANSWERS}
