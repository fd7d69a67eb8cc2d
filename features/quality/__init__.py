"""Data quality: every raw row is kept, repaired or set aside, each with a rule and a reason. Good rows are never lost.

`parse` gives the raw columns the contract's types, `judge` decides about each row alone, `judge_keys` about rows against
each other, `judge_statements` about statements against their neighbours; `percentages` finds columns in the wrong unit,
`price` and `convert` bring amounts to one currency. All are Ibis expressions: nothing is read here. A row carries `dq_rule`
and `dq_reason` (null: kept), one mark `dq_fixed_<rule>` per repair and one `dq_flag_<rule>` per doubt that changes nothing.
"""

from features.quality.currency import convert, has_currency, price
from features.quality.keys import judge_keys, repeats, with_repeats
from features.quality.ledger import overpaid
from features.quality.percent import count_fractions, fractions, percentages
from features.quality.rows import judge, parse
from features.quality.rules import RULES, Rule
from features.quality.statements import judge_statements

__all__ = [
    "RULES",
    "Rule",
    "convert",
    "count_fractions",
    "fractions",
    "has_currency",
    "judge",
    "judge_keys",
    "judge_statements",
    "overpaid",
    "parse",
    "percentages",
    "price",
    "repeats",
    "with_repeats",
]
