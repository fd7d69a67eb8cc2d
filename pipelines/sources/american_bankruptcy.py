"""Annual accounts of American listed companies, and which of them failed: the financial dimension on real companies.

The file: 78,682 firm-years of 8,971 companies on NYSE and NASDAQ, fiscal years 1999-2018, anonymised as `C_1`, `C_2`, ...;
18 items X1..X18 in millions of US dollars. A user downloads `american_bankruptcy_dataset.csv` from
https://github.com/sowide/bankruptcy_dataset (licence CC BY 4.0) and sets `input` in params.yaml to it.

Cite: Lombardo, Pellegrino, Adosoglou, Cagnoni, Pardalos, Poggi (2022), Machine Learning for Bankruptcy Prediction in the
American Stock Market: Dataset and Benchmarks, Future Internet 14(8) 244, doi:10.3390/fi14080244.

Traps, and what is done about them:

- `status_label` looks into the future: every year of a firm that ever failed says "failed". A default here is a failure
  after the firm's last year in the file; its earlier years are good.
- A company alive in its last year, though the file goes on, was bought, merged or delisted: what became of it is unknown.
  Its last year's statement is kept, but there is no application for it.
- Files of the same name with other columns under X1..X18, or with broken decimal points, are in circulation. Four
  accounting identities between the items tell them apart.
- A few revenues, receivables and current assets are negative in the source, and stay so.

What the file does not say, and what stands for it: the accounts are taken to be published 90 days after 31 December of the
fiscal year and the application made that day; the failure to happen 180 days later. Industry ("Z00"), region ("00") and
requested limit (1 % of total assets, at least 1 dollar) are fillers of required columns, so that no feature may be made of
them. Every application counts as admitted: the companies are a portfolio, not a stream of applicants.
"""

import logging
from pathlib import Path

import pandas as pd

from features.tables import APPLICATIONS, CUSTOMERS, DEFAULT_EVENTS, FINANCIAL_STATEMENTS
from pipelines.errors import InputError
from pipelines.sources import published

log = logging.getLogger(__name__)

DOWNLOAD = "https://github.com/sowide/bankruptcy_dataset (american_bankruptcy_dataset.csv)"

ITEMS = {
    "X1": "current_assets",
    "X2": "cost_of_sales",
    "X3": "depreciation_amortisation",
    "X5": "inventories",
    "X6": "net_profit",
    "X7": "trade_receivables",
    "X8": "market_cap",
    "X9": "revenue",
    "X10": "total_assets",
    "X11": "long_term_borrowings",
    "X12": "operating_profit",
    "X14": "current_liabilities",
    "X15": "retained_earnings",
    "X17": "total_liabilities",
}
"""The file's items in the words of the contract; X4 EBITDA, X13, X16 and X18 only check the others."""

_TEXT = ("company_name", "status_label")
_COLUMNS = [*_TEXT, "year", *(f"X{i}" for i in range(1, 19))]

IDENTITIES = {
    "X9 - X2 = X13 (net sales - cost of goods sold = gross profit)": ({"X9": 1, "X2": -1}, "X13"),
    "X4 - X3 = X12 (EBITDA - depreciation = EBIT)": ({"X4": 1, "X3": -1}, "X12"),
    "X16 - X18 = X4 (total revenue - operating expenses = EBITDA)": ({"X16": 1, "X18": -1}, "X4"),
    "X16 = X9 (total revenue = net sales)": ({"X16": 1}, "X9"),
}
IDENTITY_TOLERANCE = 0.002
"""Millions: three items rounded to three decimals can be 0.0015 apart."""
IDENTITY_SHARE = 0.95
"""The least share of rows on which each identity must hold; on the real file it is above 99.99 %."""

PUBLISHED_AFTER_DAYS = 90
FAILED_AFTER_DAYS = 180
LIMIT_SHARE = 0.01

_THOUSANDS_PER_MILLION = 1_000
_UNITS_PER_MILLION = 1_000_000


def produce(input: Path, raw: Path) -> None:
    """Read the published file and write customers, applications, default_events and financial_statements into `raw`.

    InputError says why a file cannot be used: absent, empty, cut short, without some columns, or another variant.
    """
    published.require(input, published.header(input, DOWNLOAD), _COLUMNS, DOWNLOAD)
    accounts = published.read(input, {name: name for name in _COLUMNS}, _TEXT, DOWNLOAD)
    _check_firm_years(input, accounts)
    _check_identities(input, accounts)
    years = _firm_years(accounts)
    published.write(_customers(years), CUSTOMERS, raw)
    published.write(_applications(years), APPLICATIONS, raw)
    published.write(_default_events(years), DEFAULT_EVENTS, raw)
    published.write(_statements(years), FINANCIAL_STATEMENTS, raw)


def _check_firm_years(path: Path, accounts: pd.DataFrame) -> None:
    unknown = accounts[~accounts["status_label"].isin(["alive", "failed"])]
    if not unknown.empty:
        raise InputError(
            f"{path}: column status_label, row {unknown.index[0] + 1}: {unknown['status_label'].iloc[0]!r}. "
            f"Expected alive or failed. Download the file from {DOWNLOAD}"
        )
    undated = accounts[~accounts["year"].between(1990, 2100) | (accounts["year"] % 1 != 0)]
    if not undated.empty:
        raise InputError(
            f"{path}: column year, row {undated.index[0] + 1}: {undated['year'].iloc[0]}. "
            f"Expected a fiscal year such as 1999. Download the file from {DOWNLOAD}"
        )


def _check_identities(path: Path, accounts: pd.DataFrame) -> None:
    """Log the share of rows on which each accounting identity holds; InputError if it is not the known variant."""
    for name, (terms, total) in IDENTITIES.items():
        gap = sum(sign * accounts[item] for item, sign in terms.items()) - accounts[total]
        holds = gap.abs() <= IDENTITY_TOLERANCE
        log.info("%s: %s holds on %d of %d rows", path, name, holds.sum(), len(holds))
        if holds.mean() < IDENTITY_SHARE:
            row = int((~holds).to_numpy().argmax())
            raise InputError(
                f"{path}: {name} holds on {holds.mean():.1%} of the rows only; expected at least {IDENTITY_SHARE:.0%}. "
                f"First broken in row {row + 1} ({accounts['company_name'].iloc[row]}). This is another variant of the "
                f"file, with other columns under these names or broken decimals. Download it from {DOWNLOAD}"
            )


def _firm_years(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the firm-years with their dates and fate: is_last_year, has_failed, is_censored."""
    period_end = pd.to_datetime(accounts["year"].astype("int64").astype("str") + "-12-31")
    published_at = period_end + pd.Timedelta(days=PUBLISHED_AFTER_DAYS)
    is_last_year = accounts["year"] == accounts.groupby("company_name")["year"].transform("max")
    failed = accounts["status_label"] == "failed"
    return accounts.assign(
        firm_year=accounts["company_name"] + "-" + period_end.dt.year.astype("str"),
        period_end=period_end,
        published_at=published_at,
        has_failed=failed & is_last_year,
        is_censored=~failed & is_last_year & (accounts["year"] < accounts["year"].max()),
    )


def _customers(years: pd.DataFrame) -> pd.DataFrame:
    first = years.groupby("company_name", as_index=False)["published_at"].min()
    return pd.DataFrame(
        {
            "customer_id": first["company_name"],
            "industry_code": "Z00",
            "region_code": "00",
            "is_listed": True,
            "currency": "USD",
            "known_at": first["published_at"],
        }
    )


def _applications(years: pd.DataFrame) -> pd.DataFrame:
    followed = years[~years["is_censored"]]
    return pd.DataFrame(
        {
            "application_id": followed["firm_year"],
            "customer_id": followed["company_name"],
            "as_of": followed["published_at"],
            "product": "open_account",
            "requested_limit": (followed["X10"] * _UNITS_PER_MILLION * LIMIT_SHARE).clip(lower=1).round(2),
            "currency": "USD",
            "decision": "admit",
        }
    )


def _default_events(years: pd.DataFrame) -> pd.DataFrame:
    failed = years[years["has_failed"]]
    event_date = failed["published_at"] + pd.Timedelta(days=FAILED_AFTER_DAYS)
    return pd.DataFrame(
        {
            "event_id": failed["company_name"] + "-failure",
            "customer_id": failed["company_name"],
            "event_type": "insolvency",
            "event_date": event_date,
            "source": "court",
            "known_at": event_date,
        }
    )


def _statements(years: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts in thousands: the source's three decimals of a million are then whole numbers."""
    items = years[list(ITEMS)].rename(columns=ITEMS)
    items = items.assign(total_equity=items["total_assets"] - items["total_liabilities"])
    facts = pd.DataFrame(
        {
            "statement_id": years["firm_year"],
            "customer_id": years["company_name"],
            "period_end": years["period_end"],
            "period_months": 12,
            "published_at": years["published_at"],
            "is_restatement": False,
            "currency": "USD",
            "unit_scale": 1_000,
        }
    )
    return pd.concat([facts, (items * _THOUSANDS_PER_MILLION).round(3)], axis=1)
