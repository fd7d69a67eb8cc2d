"""Ratios of Polish companies, and which of them went bankrupt: the financial dimension on unlisted companies.

Five files `1year` to `5year`, each a row a company: 64 ratios `Attr1`..`Attr64` of one year's accounts and `class`, 1 for
bankrupt within 5 (`1year`) to 1 (`5year`) years; 5,910 to 10,503 rows, 3.9 to 6.9 % bankrupt. A user downloads them from
https://archive.ics.uci.edu/dataset/365 (UCI 365, licence CC BY 4.0, doi:10.24432/C5F600; the ratios' definitions are there),
sets `input` in params.yaml to one of the ARFF files, best `5year.arff`, and `polish_bankruptcy.year` to its number. The one
CSV file of all five years (columns year, A1..A64, class) is accepted too, as is a file as CSV or parquet.

Cite: Zieba, Tomczak, Tomczak (2016), Ensemble boosted trees with synthetic features generation in application to bankruptcy
prediction, Expert Systems with Applications 58, 93-101, doi:10.1016/j.eswa.2016.04.001.

From ratios back to accounts: total assets are 10^Attr29 thousand zloty, and each item is a share of them by `SHARES`. The
file states most items several times over; `IDENTITIES` are the agreements that each item rests on, and a file on which they
fail is refused. What is not what its name says: sales in Attr9 and Attr36 differ from those of all other ratios in 24 to
43 % of rows; Attr7 and Attr14 "EBIT" repeat Attr18, the profit before tax; Attr48 "EBITDA" subtracts depreciation.

Traps: how the accounts were entered gives the label away (shares as measured on the files 1year and 3year).

- Operating profit (Attr22) is exactly 0 in 9 % of rows, none of them bankrupt, though the profit before tax is not: the value
  was not stated. Profit before tax and financial expenses (Attr11) stands for it.
- Where the interest coverage Attr27 is missing, 39 and 23 % are bankrupt, elsewhere 2 and 3 %; where the growth of sales
  Attr21 is missing, 7 and 17 %, elsewhere 3 and 4 %. No model may learn that, so neither interest expense nor the sales of the
  year before are made, unless `polish_bankruptcy.keep_leaky` asks for them to show what such a leak is worth: boosted trees
  without directions then reach an AUC of 0.87 instead of 0.72 (1year, five folds).
- Some accounts are in a file twice, in 1 to 2 % of rows: word for word, or in another layout of the profit and loss account,
  now and then even as good and as bankrupt. Rows with one net profit, liabilities, equity and total assets are one company,
  bankrupt if one of its rows is; its first row counts.
- Depreciation is 0 in 5 to 7 % of rows, of which 14 % are bankrupt, and stays so: no feature shows it alone.

What the file does not say, and what stands for it: the accounts end on 31 December 2012 and are published 120 days later, on
the day of the application; the bankruptcy happens 180 days into the last year of the file's horizon. Customers are numbered
by their row. Industry ("Z00"), region ("00") and requested limit (1 % of total assets, at least 1 zloty) are fillers of
required columns, so that no feature may be made of them. Some companies are in a file with accounts of several years;
nothing tells which, so a company held out may be known by another year.
"""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from features.tables import APPLICATIONS, CUSTOMERS, DEFAULT_EVENTS, FINANCIAL_STATEMENTS
from pipelines.errors import InputError
from pipelines.params import PolishBankruptcy
from pipelines.sources import published

log = logging.getLogger(__name__)

DOWNLOAD = "https://archive.ics.uci.edu/dataset/365"

RATIOS = [f"Attr{i}" for i in range(1, 65)]

SHARES = {
    "revenue": "Attr63 * Attr51",
    "cost_of_sales": "(1 - Attr56) * Attr63 * Attr51",
    "depreciation_amortisation": "Attr26 * Attr2 - Attr1",
    "pretax_profit": "Attr18",
    "net_profit": "Attr1",
    "cash": "Attr2 - Attr30 * Attr63 * Attr51",
    "trade_receivables": "Attr44 * Attr63 * Attr51 / 365",
    "inventories": "Attr20 * Attr63 * Attr51 / 365",
    "current_assets": "Attr3 + Attr51",
    "fixed_assets": "1 - Attr3 - Attr51",
    "current_liabilities": "Attr51",
    "long_term_borrowings": "Attr38 - Attr10",
    "total_liabilities": "Attr2",
    "share_capital": "Attr10 - Attr25",
    "retained_earnings": "Attr25",
    "total_equity": "Attr10",
}
"""The items as shares of total assets; `_shares` mends cash and liabilities. Long-term liabilities bound the borrowings."""

IDENTITIES = {
    "Attr55": "Attr3 * 10 ** Attr29",
    "Attr62": "365 / Attr63",
    "Attr1": "Attr23 * Attr63 * Attr51",
    "Attr18": "Attr19 * Attr63 * Attr51",
    "Attr22": "Attr42 * Attr63 * Attr51",
    "Attr13 * Attr63 * Attr51": "Attr18 + Attr26 * Attr2 - Attr1",
    "Attr10": "Attr8 * Attr2",
    "Attr3 + Attr51": "Attr4 * Attr51",
    "Attr64 * (1 - Attr3 - Attr51)": "Attr63 * Attr51",
    "Attr38 - Attr10": "Attr59 * Attr10",
    "Attr43": "Attr20 + Attr44",
    "Attr40 * Attr51": "Attr3 + Attr51 - (Attr20 + Attr44) * Attr63 * Attr51 / 365",
    "Attr32 * (1 - Attr56) * Attr63": "365",
}
"""Two ways to the same amount. On the real files all hold on 97 % of the rows and more, most on 99.9 %."""
IDENTITY_TOLERANCE = 0.01
"""Relative; products of ratios of five digits differ by less, but near zero by up to `ROUNDING`."""
ROUNDING = 0.001
IDENTITY_SHARE = 0.95
"""The least share of rows on which each identity must hold."""

SAME_ACCOUNTS = ["Attr1", "Attr2", "Attr10", "Attr29"]
"""Net profit, liabilities and equity to total assets, and total assets: what two companies do not have in common."""

PERIOD_END = pd.Timestamp("2012-12-31")
PUBLISHED = PERIOD_END + pd.Timedelta(days=120)
BANKRUPT_AFTER_DAYS = 180
LIMIT_SHARE = 0.01

_DAYS_PER_YEAR = 365
_LAST_YEAR = 5
_THOUSAND = 1_000


def produce(settings: PolishBankruptcy, input: Path, raw: Path) -> None:
    """Read one year's published file and write customers, applications, default_events, financial_statements into `raw`.

    InputError says why a file cannot be used: absent, empty, cut short, without some columns, of another year, or another
    variant.
    """
    companies = _companies(input, _read(input, settings.year))
    published.write(_customers(companies), CUSTOMERS, raw)
    published.write(_applications(companies), APPLICATIONS, raw)
    published.write(_default_events(companies, _LAST_YEAR - settings.year), DEFAULT_EVENTS, raw)
    published.write(_statements(companies, settings.keep_leaky), FINANCIAL_STATEMENTS, raw)


def _read(path: Path, year: int) -> pd.DataFrame:
    found = published.header(path, DOWNLOAD)
    names = RATIOS if "Attr1" in found else [ratio.replace("ttr", "") for ratio in RATIOS]
    columns = dict(zip([*names, "class"], [*RATIOS, "class"], strict=True))
    published.require(path, found, list(columns), DOWNLOAD)
    if "year" in found:
        rows = published.read(path, columns | {"year": "year"}, (), DOWNLOAD)
        rows = rows[rows["year"] == year]
        if rows.empty:
            raise InputError(f"{path}: column year is {year} in no row; set polish_bankruptcy.year to one that it has")
    else:
        _refuse_another_year(path, year)
        rows = published.read(path, columns, (), DOWNLOAD)
    _check_class(path, rows["class"])
    _check_identities(path, rows)
    return rows


def _refuse_another_year(path: Path, year: int) -> None:
    """Stop where the file's name says that its horizon is another than the one the labels would get."""
    named = re.match(r"([1-5])year", path.stem)
    if named and int(named[1]) != year:
        years = _LAST_YEAR + 1 - int(named[1])
        raise InputError(
            f"{path} says who is bankrupt within {years} years, but polish_bankruptcy.year is {year}. Set it to {named[1]} and "
            f"label.performance_days to {years * _DAYS_PER_YEAR}, or `input` to {year}year{path.suffix}"
        )


def _check_class(path: Path, bankrupt: pd.Series) -> None:
    wrong = ~bankrupt.isin([0, 1])
    if wrong.any():
        first = bankrupt[wrong]
        raise InputError(
            f"{path}: column class, row {first.index[0] + 1}: {first.iloc[0]}. Expected 0 or 1 in every row "
            f"({len(first)} differ). Download the file from {DOWNLOAD}"
        )


def _check_identities(path: Path, rows: pd.DataFrame) -> None:
    """Log the share of rows on which each identity holds; InputError if the file is not the known one."""
    for ours, theirs in IDENTITIES.items():
        holds = agreement(rows, ours, theirs)
        log.info("%s: %s = %s holds on %d of %d rows", path, ours, theirs, holds.sum(), len(holds))
        if holds.empty or holds.mean() < IDENTITY_SHARE:
            broken = holds.index[~holds][:1] + 1
            raise InputError(
                f"{path}: {ours} = {theirs} holds on {holds.sum()} of {len(holds)} rows only; expected at least "
                f"{IDENTITY_SHARE:.0%}{''.join(f', first broken in row {row}' for row in broken)}. This is another variant of "
                f"the file, with other ratios under these names, filled gaps or scaled values. Download it from {DOWNLOAD}"
            )


def agreement(rows: pd.DataFrame, ours: str, theirs: str) -> pd.Series:
    """Return whether two formulas of the ratios agree, for the rows on which both are known: bool, indexed as `rows`."""
    pair = pd.DataFrame({"ours": _value(rows, ours), "theirs": _value(rows, theirs)}).dropna()
    return (pair["ours"] - pair["theirs"]).abs() <= IDENTITY_TOLERANCE * pair.abs().max(axis=1) + ROUNDING


def _value(rows: pd.DataFrame, formula: str) -> pd.Series:
    """Return a formula of the ratios for each row, missing where it divides by zero."""
    used = sorted(set(re.findall(r"Attr\d+", formula)))  # `eval` is slow on many columns
    value = rows[used].eval(formula, engine="python")
    return pd.Series(value, index=rows.index, dtype="float64").replace([np.inf, -np.inf], np.nan)


def _companies(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row a company with known total assets: `customer`, `bankrupt`, `total_assets` (thousands), the ratios."""
    known = rows[rows["Attr29"].notna()]
    bankrupt = known.groupby(SAME_ACCOUNTS, dropna=False)["class"].transform("max") == 1
    repeated = known.duplicated(SAME_ACCOUNTS)
    customer = "P" + (known.index + 1).astype("str").str.zfill(5)
    named = known.assign(customer=customer, bankrupt=bankrupt, total_assets=10 ** known["Attr29"])
    companies = named[~repeated]
    log.info(
        "%s: %d rows, %d repeat the accounts of another, %d are without total assets; %d companies, %d bankrupt",
        *(path, len(rows), repeated.sum(), len(rows) - len(known), len(companies), companies["bankrupt"].sum()),
    )
    return companies


def _customers(companies: pd.DataFrame) -> pd.DataFrame:
    filler = {"industry_code": "Z00", "region_code": "00"}
    return pd.DataFrame({"customer_id": companies["customer"], **filler, "currency": "PLN", "known_at": PUBLISHED})


def _applications(companies: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "application_id": companies["customer"],
            "customer_id": companies["customer"],
            "as_of": PUBLISHED,
            "product": "open_account",
            "requested_limit": (companies["total_assets"] * _THOUSAND * LIMIT_SHARE).clip(lower=1).round(2),
            "currency": "PLN",
            "decision": "admit",
        }
    )


def _default_events(companies: pd.DataFrame, years_before: int) -> pd.DataFrame:
    """Return the bankruptcies, in the year that begins `years_before` years after the application."""
    bankrupt = companies.loc[companies["bankrupt"], "customer"]
    event_date = PUBLISHED + pd.Timedelta(days=years_before * _DAYS_PER_YEAR + BANKRUPT_AFTER_DAYS)
    return pd.DataFrame(
        {
            "event_id": bankrupt + "-bankruptcy",
            "customer_id": bankrupt,
            "event_type": "insolvency",
            "event_date": event_date,
            "source": "court",
            "known_at": event_date,
        }
    )


def _statements(companies: pd.DataFrame, keep_leaky: bool) -> pd.DataFrame:
    statements = _statement(companies, PERIOD_END, _shares(companies).assign(total_assets=1.0))
    if not keep_leaky:
        return statements
    statements["interest_expense"] = _amounts(companies, _interest(companies))
    before = _value(companies, "Attr63 * Attr51 / Attr21").rename("revenue").to_frame()
    previous = _statement(companies, PERIOD_END - pd.DateOffset(years=1), before)
    return pd.concat([statements, previous[previous["revenue"].notna()]])


def _statement(companies: pd.DataFrame, period_end: pd.Timestamp, shares: pd.DataFrame) -> pd.DataFrame:
    """Return one statement a company from its items as shares of total assets."""
    facts = pd.DataFrame(
        {
            "statement_id": companies["customer"] + f"-{period_end.year}",
            "customer_id": companies["customer"],
            "period_end": period_end,
            "period_months": 12,
            "published_at": period_end + (PUBLISHED - PERIOD_END),
            "is_restatement": False,
            "currency": "PLN",
            "unit_scale": _THOUSAND,
        }
    )
    return pd.concat([facts, shares.apply(lambda share: _amounts(companies, share))], axis=1)


def _shares(companies: pd.DataFrame) -> pd.DataFrame:
    """Return the items by `SHARES`, cash not below zero, provisions among the liabilities, and the operating profit."""
    shares = pd.DataFrame({item: _value(companies, formula) for item, formula in SHARES.items()})
    return shares.assign(
        cash=shares["cash"].clip(lower=0),
        # What is neither liabilities nor equity is provisions.
        total_liabilities=np.maximum(shares["total_liabilities"], 1 - shares["total_equity"]),
        operating_profit=companies["Attr22"].mask(companies["Attr22"] == 0, companies["Attr11"]),
    )


def _interest(companies: pd.DataFrame) -> pd.Series:
    """Return the financial expenses as shares of total assets: from the coverage, else from the profit before them."""
    return _value(companies, "Attr22 / Attr27").fillna(_value(companies, "Attr11 - Attr18"))


def _amounts(companies: pd.DataFrame, shares: pd.Series) -> pd.Series:
    """Return shares of total assets as thousands of zloty, in whole grosze."""
    return (shares * companies["total_assets"]).round(5)
