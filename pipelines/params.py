"""Typed parameters, read once at the edge from params.yaml; typing errors in it are refused.

A section is a dataclass beside which every number is explained in params.yaml. `sources.<name>` overrides sections for one
source, so that switching `source` needs no other change.
"""

import difflib
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import InputError

# Ranges, so that a percentage or a negative number of days is refused before anything runs.
NoneOrMore = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
AtLeastTwo = Annotated[int, Field(ge=2)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
PositiveShare = Annotated[float, Field(gt=0, le=1)]
TrueShare = Annotated[float, Field(gt=0, lt=1)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Section(BaseModel):
    """A section of params.yaml: complete, typed, immutable, and without keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Engine(Section):
    """The embedded query engine, and whether Spark computes the features in its place."""

    kind: Literal["duckdb", "spark"]
    memory_limit: str
    threads: AtLeastOne
    spark_master: str | None


class Sample(Section):
    """The simulated portfolio."""

    profile: Literal["test", "default", "bench"]
    customers: AtLeastOne | None


class PolishBankruptcy(Section):
    """Which of the Polish companies' files, and whether its leaks are shown."""

    year: Annotated[int, Field(ge=1, le=5)]
    keep_leaky: bool


class Ingest(Section):
    """When a table is beyond repair, and in which currency amounts are reported."""

    max_quarantined_share: Share
    currency: Currency | None


class Label(Section):
    """Default definition and performance window."""

    performance_days: AtLeastOne
    knowledge_lag_days: NoneOrMore
    default_dpd_days: AtLeastOne
    indeterminate_dpd_days: NoneOrMore
    material_amount: NotNegative
    material_share: Share
    cure_days: NoneOrMore
    from_ledger: bool
    require_exposure: bool


class Featurize(Section):
    """Which features the model may use, and which sources count as searched in full."""

    complete_sources: list[str]
    exclude: list[str]


class Split(Section):
    """Development against out-of-time."""

    scheme: Literal["out_of_time", "random"]
    development_until: date | None
    out_of_time_from: date | None
    out_of_time_share: TrueShare
    gap_days: NoneOrMore | None
    thin_days: NoneOrMore


class Train(Section):
    """The default-risk model."""

    n_estimators: AtLeastOne
    learning_rate: Positive
    num_leaves: AtLeastOne
    max_depth: int
    min_child_samples: AtLeastOne
    subsample: PositiveShare
    colsample: PositiveShare
    reg_lambda: NotNegative
    extra_trees: bool
    n_seeds: AtLeastOne
    early_stopping_rounds: AtLeastOne
    n_folds: AtLeastTwo
    central_tendency: TrueShare | None
    monotone: bool
    unconstrained: list[str]
    leak_auc: TrueShare
    trusted: list[str]
    num_threads: AtLeastOne


class Tune(Section):
    """The search for settings."""

    trials: NoneOrMore
    seconds: Positive
    n_folds: AtLeastTwo
    within_standard_errors: NotNegative


class Evaluate(Section):
    """Confidence intervals."""

    level: TrueShare
    bootstrap_repetitions: AtLeastOne


class Audit(Section):
    """The validation battery and what it compares with."""

    refits: NoneOrMore
    threads: AtLeastOne


class Decide(Section):
    """The policy that decides, by name or file, and those it is compared with."""

    policy: str
    compare_with: list[str]


class Explain(Section):
    """Applicants shown in the report, and what model scored them before."""

    peers_at_least: AtLeastOne
    previous_model: Path | None


class Score(Section):
    """The batch job: how much a batch may lack, and how many rows are scored at once."""

    batch_rows: AtLeastOne
    max_lost_importance: Share
    flag_missing_shift: Share
    flag_unseen_share: Share
    drift_rows_at_least: AtLeastOne


class Track(Section):
    """The record of runs."""

    experiment: str


class Promote(Section):
    """The registry entry, and what its gates ask."""

    model: str
    accepted_red: list[str]
    champion_tolerance: NotNegative


class Params(Section):
    """All parameters of one run, complete and typed."""

    source: str
    input: Path
    seed: int
    data_until: date
    engine: Engine
    sample: Sample
    polish_bankruptcy: PolishBankruptcy
    ingest: Ingest
    label: Label
    featurize: Featurize
    split: Split
    tune: Tune
    train: Train
    evaluate: Evaluate
    audit: Audit
    decide: Decide
    explain: Explain
    score: Score
    track: Track
    promote: Promote

    def fingerprint(self) -> str:
        """Return the sha256 of all parameters, the same for the same values."""
        return sha256(self.model_dump_json().encode()).hexdigest()


def load(path: Path = Path("params.yaml")) -> Params:
    """Read, resolve and check the parameters; InputError names the file, the key and the nearest known key."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} not found; run from the project's top folder") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{path} is not valid YAML in UTF-8: {error}") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no `key: value` lines; the committed params.yaml shows every key")
    return resolve(values, str(path))


def resolve(values: dict[str, Any], name: str = "params.yaml") -> Params:
    """Merge the chosen source's overrides over the sections and build the typed parameters."""
    plain = {key: value for key, value in values.items() if key != "sources"}
    overrides = (values.get("sources") or {}).get(plain.get("source")) or {}
    for key, value in overrides.items():
        plain[key] = {**(plain.get(key) or {}), **value} if isinstance(value, dict) else value
    try:
        return Params.model_validate(plain)
    except ValidationError as error:
        raise InputError("\n".join(_in_words(finding, name) for finding in error.errors())) from None


def _in_words(finding: Any, name: str) -> str:
    """Return one finding of pydantic as a sentence: file, key, what is wrong, and the nearest key where one is unknown."""
    *section, key = finding["loc"]
    place = ".".join(map(str, finding["loc"]))
    match finding["type"]:
        case "extra_forbidden":
            known = list(_fields(section))
            guess = difflib.get_close_matches(str(key), known, n=1)
            return f"{name}: unknown key {place}. " + (
                f"Did you mean {guess[0]!r}?" if guess else f"Known: {', '.join(known)}."
            )
        case "missing":
            return f"{name}: {place} is missing; the committed params.yaml shows every key with its meaning"
        case _:
            return f"{name}: {place} is {finding['input']!r}. {finding['msg'].rstrip('.')}."


def _fields(section: list[Any]) -> list[str]:
    model: Any = Params
    for part in section:
        model = model.model_fields[part].annotation
    return list(model.model_fields)
