"""What a policy holds: every number typed, bounded and refused with words where it contradicts another."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import pairwise
from typing import Literal

from models.grades import GRADES

Decision = Literal["admit", "conditional", "manual_review", "decline"]
DECISIONS: tuple[Decision, ...] = ("admit", "conditional", "manual_review", "decline")
"""From best to worst: of several findings the worst decides."""

CONDITIONS: Mapping[str, tuple[str, str]] = {
    "shorter_terms": ("Shorter payment terms", "缩短账期"),
    "part_prepayment": ("Part prepayment", "部分预付"),
    "credit_insurance": ("Credit insurance", "信用保险"),
    "guarantee": ("Guarantee", "担保"),
    "bank_acceptance": ("Bank acceptance instead of commercial acceptance", "以银票代替商票"),
    "quarterly_review": ("Quarterly review", "按季复审"),
    "statement_covenant": ("Covenant to deliver statements", "按期提供财务报表承诺"),
}
"""The menu of conditions by key, in both languages."""

WORST_FROM = "R8"
"""The grade from which a policy limits the share of its exposure."""

ByGrade = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Bands:
    """The last grade of each decision; what is riskier than `manual_review_up_to` is declined."""

    admit_up_to: str
    conditional_up_to: str
    manual_review_up_to: str

    def __post_init__(self) -> None:
        """Refuse unknown grades and bands out of order."""
        named = [getattr(self, field.name) for field in fields(self)]
        for field, grade in zip(fields(self), named, strict=True):
            if grade not in GRADES:
                raise ValueError(f"{field.name} is {grade!r}; expected one of {', '.join(GRADES)}")
        if sorted(named, key=GRADES.index) != named:
            raise ValueError(
                f"bands must not go back from risky to safe: admit, conditional, manual review are {named}"
            )

    @property
    def conditional(self) -> tuple[str, ...]:
        """The grades that are admitted conditionally."""
        return GRADES[GRADES.index(self.admit_up_to) + 1 : GRADES.index(self.conditional_up_to) + 1]


@dataclass(frozen=True, kw_only=True)
class Economics:
    """What a customer earns and costs, as shares of its annual credit sales or of its exposure; amounts in currency units."""

    contribution_margin: float
    days_sales_outstanding: float
    funding_rate: float
    capital_charge: float
    handling_cost: float
    loss_given_default: float
    exposure_share: float
    """Exposure at default as a share of the limit."""
    sales_before_default: float
    """Share of a year's sales realised before a default in that year."""
    expected_loss_budget: float
    """Expected loss that the appetite allows, as a share of credit sales."""

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1] and negative amounts."""
        for field in fields(self):
            check = check_amount if field.name in ("days_sales_outstanding", "handling_cost") else check_share
            check(field.name, getattr(self, field.name))
        if self.loss_given_default * self.exposure_share == 0:
            raise ValueError("loss_given_default and exposure_share must be above 0: without loss there is no cut-off")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The caps of a limit; those by grade hold one number for each of R1..R10 and never rise with risk."""

    equity_share: ByGrade
    """Of the equity in the latest statement."""
    without_statements: ByGrade
    """Currency units, where there is no statement."""
    cost_of_sales_share: float
    """Of the customer's cost of sales, what may be bought from us alone."""
    safety_factor: float
    extra_days: float
    """Days that payments usually come late, added to the terms when the need is estimated."""
    single_name_share: float
    credit_book: float | None
    """Currency units; None: no cap for a single name."""
    desk_authority: float | None
    """Requested limits above it go to manual review (MR3); None: no such limit."""

    def __post_init__(self) -> None:
        """Refuse caps that are incomplete, rise with risk, or are no amounts and shares."""
        check_by_grade("equity_share", self.equity_share)
        check_by_grade("without_statements", self.without_statements)
        for grade in GRADES:
            check_share(f"equity_share.{grade}", self.equity_share[grade])
            check_amount(f"without_statements.{grade}", self.without_statements[grade])
        for name in ("cost_of_sales_share", "single_name_share"):
            check_share(name, getattr(self, name))
        for name in ("safety_factor", "extra_days", "credit_book", "desk_authority"):
            check_amount(name, getattr(self, name))


@dataclass(frozen=True, kw_only=True)
class Review:
    """What sends an applicant to a person, whatever the PD."""

    explained_coverage_at_least: float
    challenger_gap_points: float

    def __post_init__(self) -> None:
        """Refuse a share outside [0, 1] and a negative gap."""
        check_share("explained_coverage_at_least", self.explained_coverage_at_least)
        check_amount("challenger_gap_points", self.challenger_gap_points)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """An industry section or region with bands, a cut-off or terms of its own; None: as everywhere."""

    industry: str | None = None
    region: str | None = None
    bands: Bands | None = None
    pd_cap: float | None = None
    terms_days: ByGrade | None = None

    def __post_init__(self) -> None:
        """Refuse a segment that names nothing or changes nothing."""
        if self.industry is None and self.region is None:
            raise ValueError("a segment must name an industry (section letter) or a region")
        if self.industry is not None and not re.fullmatch("[A-T]", self.industry):
            raise ValueError(f"industry is {self.industry!r}; expected the letter of a section of GB/T 4754, A to T")
        if self.region is not None and not re.fullmatch("[0-9]{2}", self.region):
            raise ValueError(f'region is {self.region!r}; expected two digits of GB/T 2260 in quotes, such as "31"')
        if self.bands is None and self.pd_cap is None and self.terms_days is None:
            raise ValueError("a segment must set bands, a pd_cap or terms_days; without any it changes nothing")
        check_pd_cap(self.pd_cap)
        if self.terms_days is not None:
            check_terms(self.terms_days)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A whole policy. `version` names it in every record; grades here are those of the master scale."""

    name: str
    version: str
    valid_from: str
    owner: str
    en: str
    zh: str
    bands: Bands
    pd_cap: float | None
    """Highest PD that a rule may admit; None: the other two cut-offs alone."""
    new_customer_notches: int
    """Grades by which a new customer is judged worse than its PD."""
    worst_exposure_share: float
    """Most of the exposure that may lie in R8 or worse; told by the swap set, not enforced row by row."""
    economics: Economics
    limits: Limits
    terms_days: ByGrade
    prepayment: ByGrade
    conditions: Mapping[str, tuple[str, ...]]
    """Conditions by grade for whoever is admitted conditionally."""
    review: Review
    segments: tuple[Segment, ...] = ()
    exclusions: frozenset[str] = frozenset()
    """Customers never admitted (KO8)."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        for name in ("name", "version", "owner"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is empty; every record names the policy that decided it")
            check_line(name, getattr(self, name))
        check_day("valid_from", self.valid_from)
        check_pd_cap(self.pd_cap)
        check_share("worst_exposure_share", self.worst_exposure_share)
        check_terms(self.terms_days)
        check_by_grade("prepayment", {grade: -share for grade, share in self.prepayment.items()})
        for grade in GRADES:
            check_share(f"prepayment.{grade}", self.prepayment[grade])
        if not 0 <= self.new_customer_notches < len(GRADES):
            raise ValueError(f"new_customer_notches is {self.new_customer_notches}; expected 0 to {len(GRADES) - 1}")
        for customer in sorted(self.exclusions):
            if customer != customer.strip() or not customer:
                raise ValueError(f"exclusions names {customer!r}; expected a customer_id without blanks at its ends")
        unknown = {key for keys in self.conditions.values() for key in keys} - CONDITIONS.keys()
        if unknown:
            raise ValueError(f"unknown conditions {', '.join(sorted(unknown))}; known: {', '.join(CONDITIONS)}")
        if set(self.conditions) - set(GRADES):
            raise ValueError(f"conditions names {', '.join(sorted(set(self.conditions) - set(GRADES)))}, no grades")
        self._check_conditions()

    def _check_conditions(self) -> None:
        """Refuse a grade that is admitted conditionally on nothing."""
        every = [self.bands, *(segment.bands for segment in self.segments if segment.bands is not None)]
        for grade in GRADES:
            if any(grade in bands.conditional for bands in every) and not self.conditions.get(grade):
                raise ValueError(f"conditions names none for {grade}, which is admitted conditionally")


def check_by_grade(name: str, values: ByGrade) -> None:
    """Refuse numbers by grade that lack a grade, or give a riskier grade more."""
    if set(values) != set(GRADES):
        raise ValueError(f"{name} must name every grade once ({', '.join(GRADES)}), got {', '.join(map(str, values))}")
    for safer, riskier in pairwise(GRADES):
        if values[riskier] > values[safer]:
            raise ValueError(f"{name} gives {riskier} better terms than {safer}; it must not improve with risk")


def check_terms(terms_days: ByGrade) -> None:
    """Refuse terms that lack a grade, grow with risk or are no whole days."""
    check_by_grade("terms_days", terms_days)
    for grade in GRADES:
        check_amount(f"terms_days.{grade}", terms_days[grade])
        if terms_days[grade] != int(terms_days[grade]):
            raise ValueError(f"terms_days.{grade} is {terms_days[grade]}; expected whole days")


def check_share(name: str, value: float) -> None:
    """Refuse what is no share, a number that is none among them."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; expected a share from 0 to 1 (5 % is 0.05)")


def check_amount(name: str, value: float | None) -> None:
    """Refuse what is negative, infinite or no number; None stands for no such amount."""
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value}; expected a number of at least 0")


def check_line(name: str, text: str) -> None:
    """Refuse text of more than a line, and characters that nobody sees: controls, halves of a character."""
    if re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", text):
        raise ValueError(f"{name} is {text!r}; expected one line without control characters")


def check_day(name: str, text: str) -> None:
    """Refuse what is no ISO day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f'{name} is {text!r}; expected a day in quotes, "YYYY-MM-DD"') from None


def check_pd_cap(pd_cap: float | None) -> None:
    """Refuse a cap that is no PD."""
    if pd_cap is not None and not 0 < pd_cap < 1:
        raise ValueError(f"pd_cap is {pd_cap}; expected a PD between 0 and 1, or null")
