"""The output record of the batch job, declared once: parquet and JSON schema, CSV header and documents are read from it.

Flat, one row an application: a sink needs no nested types.
"""

from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from features.catalogue import Catalogue, Indicator
from features.dimensions import CATALOGUE
from models.grades import GRADES
from models.reasons import MOST_AGAINST, MOST_FOR
from models.scaling import REPORTED_HIGH, REPORTED_LOW

Kind = Literal["text", "date", "number", "integer"]

ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "date": pa.date32(),
    "number": pa.float64(),
    "integer": pa.int64(),
}
JSON: dict[Kind, dict[str, Any]] = {
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
}

SEPARATOR = ";"
"""Between the entries of a cell that lists several: decision_path, conditions, flags."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of the record: its type, unit and meaning in both languages."""

    name: str
    kind: Kind
    en: str
    zh: str
    unit: str = ""
    nullable: bool = False
    allowed: tuple[str, ...] = ()


def _field(name: str, kind: Kind, en: str, zh: str, **more: Any) -> Field:
    return Field(name=name, kind=kind, en=en, zh=zh, **more)


WHO = (
    _field("application_id", "text", "the application", "申请编号"),
    _field("customer_id", "text", "the customer", "客户编号"),
    _field("as_of", "date", "observation date: nothing known later is used", "观察日", unit="YYYY-MM-DD"),
)

HOW_LIKELY = (
    _field("pd_12m", "number", "probability of default within the performance window", "违约概率", unit="0..1"),
    _field("points", "number", "unrounded points; higher is safer", "未取整评分（越高越安全）", unit="points"),
    _field(
        "score",
        "integer",
        f"points as people read them: whole, {REPORTED_LOW} to {REPORTED_HIGH}",
        f"评分（取整，{REPORTED_LOW}–{REPORTED_HIGH}）",
        unit="points",
    ),
    _field("grade", "text", "grade of the unrounded PD, R1 safest", "等级（R1最优）", allowed=GRADES),
)

POLICY_ONLY = "null without a policy"

DECIDED = (
    _field(
        "decision",
        "text",
        f"what the policy says; {POLICY_ONLY}",
        "准入结论；未指定政策时为空",
        nullable=True,
        allowed=("admit", "conditional", "manual_review", "decline"),
    ),
    _field(
        "decision_path",
        "text",
        f"rules that led to the decision, the first that binds first, separated by `{SEPARATOR}`; {POLICY_ONLY}",
        "决策路径",
        nullable=True,
    ),
    _field("cut_off_pd", "number", "highest PD that the policy admits here", "准入线", unit="0..1", nullable=True),
    _field("limit", "number", f"credit limit offered; {POLICY_ONLY}", "建议额度", unit="currency unit", nullable=True),
    _field("terms_days", "integer", f"payment terms offered; {POLICY_ONLY}", "建议账期", unit="days", nullable=True),
    _field("prepayment", "number", "share of the invoice paid in advance", "预付比例", unit="fraction", nullable=True),
    _field("conditions", "text", f"conditions of the offer, separated by `{SEPARATOR}`", "附加条件", nullable=True),
    _field("binding_cap", "text", "which cap sets the limit", "起约束作用的额度上限", nullable=True),
)

KNOWN = (
    _field(
        "explained_coverage",
        "number",
        "share of the model's importance (mean absolute points) that known values carry",
        "资料覆盖度（按模型重要性加权）",
        unit="0..1",
    ),
    _field(
        "flags",
        "text",
        f"what to know of this row, separated by `{SEPARATOR}`: `unseen:<feature>` a category never seen in development, "
        "`absent:<table>` a table allowed to be missing; empty if nothing",
        "提示",
    ),
)

WITH_REASONS = "null with --no-reasons"


def _reason(side: str, number: int) -> tuple[Field, ...]:
    zh = {"against": "不利原因", "in_favour": "有利原因"}[side]
    sign = {"against": "-", "in_favour": "+"}[side]
    name, none = f"{side}_{number}", "null if there are fewer"
    return (
        _field(
            f"{name}_code",
            "text",
            f"reason {number}: an indicator's code and `{sign}`; {none}",
            f"{zh}{number}",
            nullable=True,
        ),
        _field(
            f"{name}_feature", "text", "the feature that carries most of it", f"{zh}{number}的主要特征", nullable=True
        ),
        _field(
            f"{name}_text", "text", "key of its sentence in the report's texts", f"{zh}{number}的文本键", nullable=True
        ),
    )


WHY = (
    *(field for n in range(1, MOST_AGAINST + 1) for field in _reason("against", n)),
    *(field for n in range(1, MOST_FOR + 1) for field in _reason("in_favour", n)),
    _field(
        "base_points", "number", f"points of an applicant of whom nothing is known; {WITH_REASONS}", "基准分",
        unit="points", nullable=True,
    ),
)  # fmt: skip


def contribution(indicator: Indicator) -> Field:
    """Return the column of an indicator's points; base_points and all of these add up to `points`."""
    return _field(
        f"points_{indicator.id}",
        "number",
        f"{indicator.code} {indicator.en}: points gained or lost; 0 where the model does not assess it; {WITH_REASONS}",
        f"{indicator.zh}贡献",
        unit="points",
        nullable=True,
    )


WHENCE = (
    _field("model_version", "text", "sha256 of the model bundle", "模型版本"),
    _field("feature_set", "text", "fingerprint of the definitions of the model's features", "特征集版本"),
    _field("policy_version", "text", f"version of the policy; {POLICY_ONLY}", "政策版本", nullable=True),
    _field("input_fingerprint", "text", "sha256 of the input files of the batch", "输入指纹"),
)


def fields(catalogue: Catalogue = CATALOGUE) -> tuple[Field, ...]:
    """Return every column of the record, in order."""
    contributions = (contribution(indicator) for indicator in catalogue.indicators)
    return (*WHO, *HOW_LIKELY, *DECIDED, *KNOWN, *WHY, *contributions, *WHENCE)


def arrow_schema() -> pa.Schema:
    """Return the schema of the parquet file, meanings included."""
    return pa.schema(
        [
            pa.field(f.name, ARROW[f.kind], f.nullable, {"unit": f.unit, "en": f.en, "zh": f.zh})
            for f in fields()
        ]
    )  # fmt: skip


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of one row."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "admission score",
        "type": "object",
        "required": [f.name for f in fields()],
        "additionalProperties": False,
        "properties": {f.name: _property(f) for f in fields()},
    }


def _property(field: Field) -> dict[str, Any]:
    shape = dict(JSON[field.kind])
    if field.nullable:
        shape["type"] = [shape["type"], "null"]
    if field.allowed:
        shape["enum"] = [*field.allowed, *([None] if field.nullable else [])]
    unit = {"x-unit": field.unit} if field.unit else {}
    return {**shape, "description": field.en, "x-description-zh": field.zh, **unit}
