"""Credit card clients in Taiwan, April to September 2005, as a receivables ledger: the repayment record on real borrowers.

The file: 30,000 clients with a credit limit, six monthly statements, payments and repayment statuses, and whether each
defaulted in October 2005 (22.1 %). A user downloads it from https://archive.ics.uci.edu/dataset/350 (UCI 350, licence
CC BY 4.0, doi:10.24432/C55S3H; as CSV https://archive.ics.uci.edu/static/public/350/data.csv) and sets `input` in
params.yaml to it. Column names are accepted as UCI numbers them (ID, X1..X23, Y) and as they are spelled out (LIMIT_BAL,
PAY_0, ...). Cite: Yeh, Lien (2009), The comparisons of data mining techniques for the predictive accuracy of probability of
default of credit card clients, Expert Systems with Applications 36(2) 2473-2480.

SEX, AGE, EDUCATION and MARRIAGE are never read: they are no grounds for a credit decision.

How the file becomes a ledger:

- All clients are observed on 2005-09-30, and a label of 1 is a default event on 2005-10-31.
- Purchases of a month = statement - previous statement + payment. They are invoiced at the month's end; negative ones are
  credits, entered as payments by credit note. The statement before the first is not in the file: it was at least what the
  client paid in the first month, and that much of it is invoiced. Receipts are dated at the month's end.
- Receipts settle the oldest purchases first, so every amount has a month of purchase and a month of settlement, if any.
  The ledger's open balance at each month's end is the statement, or 0 if the client is in credit.
- An amount falls due a month after its purchase, unless the repayment status says otherwise. What counts is the status of
  the last month at whose end it was open, for a month's status goes with the payment of the month after: where it is -1
  (paid in full), that payment covers the statement in 98 % of cases, the same month's payment the statement before in 76 %.
  Status 0 or below (paid, or revolving with the minimum payment made): nothing was late, so what was open is rolled over
  to the next month's end. Status p >= 1: the oldest purchases open were p months past due. Where they were billed less than
  p + 1 months before, they are taken for issued one month before their due day, and booked at their own month's end.
- Receipts settle what is longest due, so nothing falls due later than what was settled after it. A delay of p months
  reported after a month without one is therefore seen from its beginning.

On 2005-09-30 every client is as many months past due as the status says. At the earlier month's ends 90 to 94 % are, but
only half of those with a late status: often it stayed or fell in a month without payment, and the later word then counts.
The due days are those that hold on 2005-09-30; the ledger is not meant for earlier observation dates.

Traps: the statuses 0 and -2 are documented nowhere (taken for revolving and no consumption); 1 hardly occurs before
September; a quarter of September's late statuses stand beside a statement of nothing owed, and a ledger without debt cannot
be late. The amount in arrears is an upper bound, as the minimum payment due is not in the file. The length of the
cooperation is not in the file: no feature may be made of the first invoice's date, nor of industry ("Z00") and region
("00"), which fill required columns.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import APPLICATIONS, CREDIT_LIMITS, CUSTOMERS, DEFAULT_EVENTS, INVOICES, PAYMENTS
from pipelines.errors import InputError
from pipelines.sources import published

Months = npt.NDArray[np.int64]

DOWNLOAD = "https://archive.ics.uci.edu/dataset/350"

AS_OF = pd.Timestamp("2005-09-30")
DEFAULTED_ON = pd.Timestamp("2005-10-31")
OPENING = np.datetime64("2005-03", "M")
"""Month 0: the statement before the first of the file. Months 1 to 6 are April to September 2005."""

OPENED_ON = pd.Timestamp("2005-03-31")
MONTHS = 7

# The file counts months backwards: 1, or 0 for the status, is September.
STATUS = ["PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0"]
STATEMENT = [f"BILL_AMT{k}" for k in range(6, 0, -1)]
PAID = [f"PAY_AMT{k}" for k in range(6, 0, -1)]
LABEL = "default.payment.next.month"
COLUMNS = ["ID", "LIMIT_BAL", *STATUS, *STATEMENT, *PAID, LABEL]

_NUMBERED = {
    "LIMIT_BAL": "X1",
    **dict(zip(reversed(STATUS), (f"X{i}" for i in range(6, 12)), strict=True)),
    **dict(zip(reversed(STATEMENT), (f"X{i}" for i in range(12, 18)), strict=True)),
    **dict(zip(reversed(PAID), (f"X{i}" for i in range(18, 24)), strict=True)),
    LABEL: "Y",
}
_SPACED = {LABEL: LABEL.replace(".", " ")}


def produce(input: Path, raw: Path) -> None:
    """Read the published file and write customers, applications, default_events, invoices, payments, credit_limits into `raw`.

    InputError says why a file cannot be used: absent, empty, cut short, without some columns, or another variant.
    """
    clients = _read(input)
    ids = clients["ID"].astype("str").to_numpy()
    published.write(_customers(ids), CUSTOMERS, raw)
    published.write(_applications(ids, clients), APPLICATIONS, raw)
    published.write(_default_events(ids[clients[LABEL] == 1]), DEFAULT_EVENTS, raw)
    published.write(_credit_limits(ids, clients), CREDIT_LIMITS, raw)
    statements, paid = _by_month(clients)
    purchases = np.diff(statements, axis=1, prepend=0) + paid
    credits = np.maximum(-purchases, 0)
    parts = settled_parts(np.maximum(purchases, 0), paid + credits)
    delays = np.pad(np.maximum(clients[STATUS].to_numpy(), 0), ((0, 0), (1, 0)))
    published.write(_invoices(ids, parts, due_months(parts, delays)), INVOICES, raw)
    published.write(_payments(ids, paid, credits), PAYMENTS, raw)


def settled_parts(purchases: Months, receipts: Months) -> Months:
    """Return the amounts by month of purchase and month of settlement, oldest first: (clients, MONTHS, MONTHS + 1).

    Purchases and receipts (clients, MONTHS), both >= 0, are laid on one line of cumulative amounts; each overlap of a
    month's purchases with a month's receipts is one part. The last column is what is never settled.
    """
    rest = np.maximum(purchases.sum(axis=1) - receipts.sum(axis=1), 0)
    receipts = np.column_stack([receipts, rest])
    bought, received = purchases.cumsum(axis=1), receipts.cumsum(axis=1)
    ends = np.minimum(bought[:, :, None], received[:, None, :])
    starts = np.maximum((bought - purchases)[:, :, None], (received - receipts)[:, None, :])
    return np.maximum(ends - starts, 0)


def due_months(parts: Months, delays: Months) -> Months:
    """Return the month at whose end each part falls due, of the shape of `parts`; meaningless where a part is 0.

    `delays` (clients, MONTHS): months past due at each month's end, 0 if nothing is late. The rules are in the module's
    docstring.
    """
    bought = np.arange(MONTHS)[:, None]
    last_open = np.arange(MONTHS + 1)[None, :] - 1
    delay = np.concatenate([np.zeros_like(delays[:, :1]), delays], axis=1)[:, None, :]
    agreed = np.where(delay > 0, last_open - delay, last_open + 1)
    due = np.maximum(bought + 1, agreed)
    due = np.where(_oldest_open(parts) & (delay > 0), agreed, due)
    in_line = np.where(parts > 0, due, np.iinfo(np.int64).max).reshape(len(parts), -1)
    return np.minimum.accumulate(in_line[:, ::-1], axis=1)[:, ::-1].reshape(parts.shape)


def _oldest_open(parts: Months) -> npt.NDArray[np.bool_]:
    """Whether a part was open at the month's end before its settlement, and among the oldest purchases open then."""
    bought, last_open = np.arange(MONTHS)[:, None], np.arange(MONTHS + 1)[None, :] - 1
    still_open = parts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1] * (bought <= last_open)
    older = np.cumsum(still_open, axis=1) - still_open
    return (still_open > 0) & (older == 0)


def _read(path: Path) -> pd.DataFrame:
    found = published.header(path, DOWNLOAD)
    name_of = {c: next((n for n in (c, _NUMBERED.get(c, c), _SPACED.get(c, c)) if n in found), c) for c in COLUMNS}
    published.require(path, found, list(name_of.values()), DOWNLOAD)
    clients = published.read(path, {name: c for c, name in name_of.items()}, (), DOWNLOAD)
    _check_whole(path, clients.rename(columns=name_of))
    _check_range(path, clients, STATUS, -2, 9)
    _check_range(path, clients, [LABEL], 0, 1)
    return clients.astype("int64")


def _check_whole(path: Path, clients: pd.DataFrame) -> None:
    for column in clients:
        wrong = clients[column].isna() | (clients[column] % 1 != 0)
        if wrong.any():
            _refuse(path, clients[column], wrong, "a whole number in every row")


def _check_range(path: Path, clients: pd.DataFrame, columns: list[str], least: int, most: int) -> None:
    for column in columns:
        wrong = ~clients[column].between(least, most)
        if wrong.any():
            _refuse(path, clients[column], wrong, f"{least} to {most}")


def _refuse(path: Path, cells: pd.Series, wrong: pd.Series, expected: str) -> None:
    row = int(wrong.to_numpy().argmax())
    raise InputError(
        f"{path}: column {cells.name}, row {row + 1}: {cells.iloc[row]}. Expected {expected} ({int(wrong.sum())} rows "
        f"differ). This is another variant of the file: download it from {DOWNLOAD}"
    )


def _by_month(clients: pd.DataFrame) -> tuple[Months, Months]:
    """Return statements and payments by month 0..6; month 0 is a statement of what the client paid in month 1."""
    statements, paid = clients[STATEMENT].to_numpy(), clients[PAID].to_numpy()
    return np.column_stack([paid[:, 0], statements]), np.pad(paid, ((0, 0), (1, 0)))


def month_end(month: Months) -> npt.NDArray[np.datetime64]:
    """Return the last day of each month; months before the opening month 0 are negative."""
    return (OPENING + month + 1).astype("datetime64[D]") - 1


def _customers(ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    filler = {"industry_code": "Z00", "region_code": "00"}
    return pd.DataFrame({"customer_id": ids, **filler, "currency": "TWD", "known_at": OPENED_ON})


def _applications(ids: npt.NDArray[np.object_], clients: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "application_id": ids,
            "customer_id": ids,
            "as_of": AS_OF,
            "product": "open_account",
            "requested_limit": clients["LIMIT_BAL"],
            "currency": "TWD",
            "is_new_customer": False,
            "decision": "admit",
        }
    )


def _default_events(ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": ids,
            "customer_id": ids,
            "event_type": "other_utp",
            "event_date": DEFAULTED_ON,
            "source": "bureau",
            "known_at": DEFAULTED_ON,
        }
    )


def _credit_limits(ids: npt.NDArray[np.object_], clients: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": ids,
            "valid_from": OPENED_ON,
            "limit_amount": clients["LIMIT_BAL"],
            "currency": "TWD",
            "recorded_at": OPENED_ON,
        }
    )


def _invoices(ids: npt.NDArray[np.object_], parts: Months, due: Months) -> pd.DataFrame:
    client, bought, settled = np.nonzero(parts)
    due_month = due[client, bought, settled]
    return pd.DataFrame(
        {
            # Numbered in the order of purchase and settlement, which the ledger follows among equal due days.
            "invoice_id": _numbered(ids[client], bought * (MONTHS + 1) + settled),
            "customer_id": ids[client],
            "issued_on": month_end(np.minimum(bought, due_month - 1)),
            "due_on": month_end(due_month),
            "amount": parts[client, bought, settled],
            "currency": "TWD",
            "booked_at": month_end(bought),
        }
    )


def _payments(ids: npt.NDArray[np.object_], paid: Months, credits: Months) -> pd.DataFrame:
    amounts = np.stack([paid, credits], axis=2)
    client, month, kind = np.nonzero(amounts)
    received = month_end(month)
    return pd.DataFrame(
        {
            "payment_id": _numbered(ids[client], month * 2 + kind),
            "customer_id": ids[client],
            "received_on": received,
            "amount": amounts[client, month, kind],
            "method": np.where(kind == 0, "other", "credit_note"),
            "currency": "TWD",
            "booked_at": received,
        }
    )


def _numbered(ids: npt.NDArray[np.object_], numbers: Months) -> list[str]:
    return [f"{customer}-{number:02d}" for customer, number in zip(ids, numbers, strict=True)]
