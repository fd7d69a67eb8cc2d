"""What became of each customer: admissions in time order, spells of trade, and at most one default.

An admission holds for its performance window. A refusal ends the trade, but not before the window of the last admission
is over, so every admitted application trades through its window unless the customer defaults. An application inside the
window of an earlier one adds no second chance of default there: those months were drawn with the earlier one.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.applications import MOST_APPLICATIONS, Prospects
from pipelines.sources.sample.arrays import NEVER, Days, Flags, Ints, day_number
from pipelines.sources.sample.latents import Population
from pipelines.sources.sample.settings import PERFORMANCE_DAYS, SampleSettings

DEFAULT_TYPES = ("dpd90", "distressed_restructuring", "insolvency", "write_off")
DPD90 = 0
DPD90_SHARE = 0.84
"""Where trade is old enough for an invoice 91 days past due; 78% of all defaults, as the others fall on young trade."""
OTHER_TYPES_SHARE = (8 / 22, 8 / 22, 6 / 22)
LONGEST_DECISION_DAYS = 5
BOOKING_DAYS = 3
"""No invoice in the last days of the data, so that every invoice is booked by the cut-off."""
KEPT_IN_DEFAULT_SHARE = 0.40
"""Of the applications of customers in default, how many are kept on purpose: about 0.3% of all applications."""
DORMANT_SHARE = 0.03
"""Of the admitted applications, how many never lead to an invoice, and so to no default either, whatever their risk."""


@dataclass(frozen=True, kw_only=True)
class Spells:
    """Spells of trade on credit, sorted by customer and start."""

    customer: Ints
    start: Days
    end: Days


@dataclass(frozen=True, kw_only=True)
class History:
    """The realised history of one shard."""

    prospects: Prospects
    """The applications that were made, without most of those of customers in default."""
    made: Flags
    """Which of the drawn applications these are."""
    admitted: Flags
    in_default: Flags
    decided_on: Days
    dormant: Flags
    """Admitted applications that never lead to an invoice within the performance window."""
    spells: Spells
    default_on: Days
    """Day of each customer's default; NEVER for most."""
    default_type: Ints
    """Index into DEFAULT_TYPES; -1 without default."""
    trade_from: Days
    """Start of each customer's last spell of trade before the default or the end of the data."""
    exposed_from: Days
    """Observation date of the application whose default it is; -1 without default."""

    @property
    def is_dpd90(self) -> Flags:
        """Customers whose default the ledger must reveal."""
        return self.default_type == DPD90


class _Relations:
    """The state of every customer's relation with us while applications pass in time order."""

    def __init__(self, population: Population):
        count = len(population.number)
        self.default_on = np.full(count, NEVER)
        self.default_type = np.full(count, -1)
        self.exposed_from = np.full(count, -1)
        self.covered_until = np.full(count, -1)
        # Column 0 holds the trade before the first application; each admission after a pause opens the next column.
        self.start = np.full((count, MOST_APPLICATIONS + 1), NEVER)
        self.end = np.full((count, MOST_APPLICATIONS + 1), -1)
        self.start[population.existing, 0] = population.tenure_from[population.existing]
        self.end[population.existing, 0] = NEVER
        self.spell = np.zeros(count, dtype=np.int64)

    def admit(self, customer: Ints, as_of: Days, decided_on: Days, turn: int) -> None:
        """Continue the running spell of trade, or open a new one on the day of the decision."""
        opens = customer[~self.is_trading(customer, as_of)]
        self.spell[opens] = turn + 1
        self.start[opens, turn + 1] = decided_on[~self.is_trading(customer, as_of)]
        self.end[customer, self.spell[customer]] = NEVER

    def refuse(self, customer: Ints, as_of: Days) -> None:
        """End the running spell of trade once the last admission's window is over."""
        running = self.is_trading(customer, as_of)
        customer, as_of = customer[running], as_of[running]
        self.end[customer, self.spell[customer]] = np.maximum(as_of, self.covered_until[customer])

    def is_trading(self, customer: Ints, day: Days) -> Flags:
        """Whether the customers trade on credit on the given days."""
        spell = self.spell[customer]
        return (self.start[customer, spell] <= day) & (day <= self.end[customer, spell])

    def expose(self, customer: Ints, as_of: Days, default_after: Ints, type_draw: Ints, other_type: Ints) -> None:
        """Let admitted applications default on their own draw, outside the window drawn with an earlier one."""
        day = as_of + default_after
        fresh = (default_after > 0) & (self.default_on[customer] == NEVER) & (day > self.covered_until[customer])
        mature = day - 91 > self.start[customer, self.spell[customer]]
        kind = np.where(mature & (type_draw == DPD90), DPD90, other_type)
        self.default_on[customer[fresh]] = day[fresh]
        self.default_type[customer[fresh]] = kind[fresh]
        self.exposed_from[customer[fresh]] = as_of[fresh]
        self.covered_until[customer] = as_of + PERFORMANCE_DAYS


def live_through(
    rng: np.random.Generator, population: Population, drawn: Prospects, settings: SampleSettings
) -> History:
    """Pass all applications in time order and return what became of them and of the customers."""
    count = len(drawn.customer)
    relations = _Relations(population)
    decided_on = drawn.as_of + rng.integers(1, LONGEST_DECISION_DAYS + 1, count)
    type_draw = np.where(rng.random(count) < DPD90_SHARE, DPD90, 1)
    other_type = rng.choice([1, 2, 3], count, p=OTHER_TYPES_SHARE)
    made = np.ones(count, dtype=bool)
    in_default = np.zeros(count, dtype=bool)
    keep = rng.random(count) < KEPT_IN_DEFAULT_SHARE
    dormant = rng.random(count) < DORMANT_SHARE
    for turn in range(MOST_APPLICATIONS):
        now = np.flatnonzero(drawn.turn == turn)
        in_default[now] = relations.default_on[drawn.customer[now]] <= drawn.as_of[now]
        made[now] = ~in_default[now] | keep[now]
        sound = now[~in_default[now]]
        good, bad = sound[drawn.is_admissible[sound]], sound[~drawn.is_admissible[sound]]
        relations.refuse(drawn.customer[bad], drawn.as_of[bad])
        relations.admit(drawn.customer[good], drawn.as_of[good], decided_on[good], turn)
        # Only a customer that no earlier window holds can fall asleep: there a default may have been drawn already.
        dormant[good] &= relations.covered_until[drawn.customer[good]] < drawn.as_of[good]
        buys = good[~dormant[good]]
        relations.expose(
            drawn.customer[buys], drawn.as_of[buys], drawn.default_after[buys], type_draw[buys], other_type[buys]
        )
    admitted = drawn.is_admissible & ~in_default
    return History(
        prospects=drawn.select(made),
        made=made,
        admitted=admitted[made],
        in_default=in_default[made],
        decided_on=decided_on[made],
        dormant=(dormant & admitted)[made],
        spells=_spells(relations, settings),
        default_on=relations.default_on,
        default_type=relations.default_type,
        exposed_from=relations.exposed_from,
        trade_from=np.take_along_axis(relations.start, relations.spell[:, None], axis=1)[:, 0],
    )


def _spells(relations: _Relations, settings: SampleSettings) -> Spells:
    """Return the spells of trade, ended the day before the default or shortly before the end of the data."""
    last = np.minimum(relations.default_on - 1, day_number(settings.data_until) - BOOKING_DAYS)
    end = np.minimum(relations.end, last[:, None])
    customer, column = np.nonzero(relations.start <= end)
    return Spells(customer=customer, start=relations.start[customer, column], end=end[customer, column])
