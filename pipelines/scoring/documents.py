"""The part of the data dictionary on the batch job: what it reads, what it writes, and what it does about faults."""

from collections.abc import Iterator

from features.knock_outs import KNOCK_OUTS
from models.policy.decision import INPUTS, PATH
from models.policy.limits import CAPS
from models.policy.terms import CONDITIONS
from pipelines.markdown import grid
from pipelines.scoring.evidence import EVIDENCE
from pipelines.scoring.faults import FAULTS
from pipelines.scoring.record import Field, fields

SCORES = """## Scores · 评分结果

What `admission score` writes: `scores.parquet` (and `scores.csv` with `--csv`), one row an application in input order;
`schema.json`, the same as a JSON schema; `rejects.csv`, every row set aside with table, row, key, rule and reason;
`summary.json`, `ignored_files` in it: what lay in the folder and no table reads, such as a table misspelt; with a policy
`decision_inputs.parquet`, what it read. Rows delivered are rows scored plus rows set aside.

In `scores.csv` and `rejects.csv` an id, key or reason that begins like a formula (`=`, `+`, `-`, `@`, tab, carriage return) has
an apostrophe before it, so that no spreadsheet runs it; in parquet it stands as it was delivered.
"""

ABOUT_FAULTS = """### Faults · 异常输入

Exit codes: 0 all scored, 3 scored with rows set aside, 2 unusable input or model (nothing is published), 1 a fault of the
program.
"""

ABOUT_INPUTS = """### What a policy reads · 准入策略的输入

From raw tables all of it is worked out. A feature matrix holds `application_id`, `customer_id`, `as_of` and the features of
the model; the columns marked below it may bring along. What it does not bring is missing, or unknown: then nobody passes
without a review.
"""

ABOUT_KEYS = """### Keys of a decision · 结论代码

In `decision_path`, `conditions` and `binding_cap`. A knock-out that nobody searched for reads `KO1:unknown`, a band `BAND:R7`.
"""


def scores() -> str:
    """Return the record of `admission score`, what a policy reads and answers, and the faults, as Markdown."""
    columns = grid("column; type; unit; null; allowed values; meaning; 含义", map(_of_record, fields()))
    read = grid("column; meaning; in a matrix", map(_of_input, INPUTS))
    keys = grid("key; stands in; meaning; 含义", _keys())
    faults = grid("fault; 问题; what happens; exit code", ((*f[:3], str(f[3])) for f in FAULTS.values()))
    parts = (SCORES, columns, ABOUT_INPUTS, read, ABOUT_KEYS, keys, ABOUT_FAULTS, faults)
    return "\n".join(parts)


def _of_record(field: Field) -> tuple[str, ...]:
    null = "may be" if field.nullable else ""
    allowed = ", ".join(f"`{value}`" for value in field.allowed)
    return f"`{field.name}`", field.kind, field.unit, null, allowed, field.en, field.zh


def _of_input(name: str) -> tuple[str, ...]:
    return f"`{name}`", INPUTS[name], "may be there" if name in EVIDENCE else ""


def _keys() -> Iterator[tuple[str, str, str, str]]:
    """Yield every key that a record may hold: key, column, meaning in both languages."""
    for rule in KNOCK_OUTS:
        yield f"`{rule.id}`", "`decision_path`", rule.en, rule.zh
    for column, meanings in (("decision_path", PATH), ("conditions", CONDITIONS), ("binding_cap", CAPS)):
        for key, (en, zh) in meanings.items():
            yield f"`{key}`", f"`{column}`", en, zh
