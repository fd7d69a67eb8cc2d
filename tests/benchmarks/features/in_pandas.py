"""The ledger features in pandas as an expert would: whole columns, whole-number keys and days, one groupby a step."""

from pathlib import Path

import numpy as np
import pandas as pd

APP, INVOICE = "app", "invoice"
KNOTS = ((-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60), (30, 50), (60, 40), (90, 30), (120, 20), (180, 1))
LATER = np.iinfo("int32").max


def features(folder: Path) -> pd.DataFrame:
    """Return the ledger features of every application, not yet clipped, by application_id."""
    applications = read(folder, "applications", "application_id customer_id as_of")
    applications[APP] = np.arange(len(applications), dtype="int32")
    asked = applications[[APP, "customer_id", "as_of"]]
    invoices, payments = known_invoices(folder, asked), known_payments(folder, asked)
    receipts = payments[~payments["bounced"] & payments["counts"] & (payments["cash_on"] <= payments["as_of"])]
    settled, parts = settle(invoices, receipts)
    limits = known_limits(folder, asked)
    found = (
        of_invoices(settled, limits).join(of_receipts(payments), how="outer").join(of_exposure(settled, parts, limits))
    )
    return found.set_axis(applications["application_id"].to_numpy()[found.index]).rename_axis("application_id")


def read(folder: Path, table: str, columns: str) -> pd.DataFrame:
    """Return columns of a table, dates as days since 1970; no date is beyond all."""
    rows = pd.read_parquet(
        folder / f"{table}.parquet", columns=columns.split(), to_pandas_kwargs={"date_as_object": False}
    )
    for name in rows.columns[rows.dtypes.astype(str).str.startswith("datetime64")]:
        days = rows[name].astype("datetime64[s]").astype("int64") // 86_400
        rows[name] = days.where(rows[name].notna(), LATER).astype("int32")
    return rows


def known_invoices(folder: Path, asked: pd.DataFrame) -> pd.DataFrame:
    columns = "invoice_id customer_id issued_on due_on amount credit_note_amount credited_on disputed_amount dispute_opened_on"
    rows = read(folder, "invoices", f"{columns} cancelled cancelled_on booked_at")
    rows = asked.merge(rows, on="customer_id")
    as_of, undated = rows["as_of"], rows["cancelled_on"] == LATER
    cancelled = rows["cancelled"].fillna(False) & (undated | (rows["cancelled_on"] <= as_of))
    rows = rows[(rows["booked_at"] <= as_of) & ~cancelled]
    credited = (rows["credited_on"] == LATER) | (rows["credited_on"] <= rows["as_of"])
    disputed = rows["dispute_opened_on"] <= rows["as_of"]
    rows["due"] = rows["amount"] - rows["credit_note_amount"].fillna(0).where(credited, 0).astype("int64")
    rows["disputed"] = rows["disputed_amount"].fillna(0).where(disputed, 0).astype("int64")
    rows[INVOICE] = np.arange(len(rows), dtype="int32")
    return rows.loc[
        rows["due"] > 0, [APP, INVOICE, "invoice_id", "as_of", "issued_on", "due_on", "amount", "due", "disputed"]
    ]


def known_payments(folder: Path, asked: pd.DataFrame) -> pd.DataFrame:
    columns = "payment_id customer_id invoice_id received_on cleared_on amount method bounced bounced_on booked_at"
    rows = asked.merge(read(folder, "payments", columns), on="customer_id")
    rows = rows[rows["booked_at"] <= rows["as_of"]].rename(columns={"amount": "paid"})
    undated = rows["bounced_on"] == LATER
    rows["bounced"] = rows["bounced"].fillna(False) & (undated | (rows["bounced_on"] <= rows["as_of"]))
    at_receipt, uncleared = rows["method"] == "bank_acceptance", rows["cleared_on"] == LATER
    rows["cash_on"] = rows["received_on"].where(at_receipt | uncleared, rows["cleared_on"])
    rows["counts"] = ~((rows["method"] == "commercial_acceptance") & uncleared)
    return rows.drop(columns=["customer_id", "cleared_on", "bounced_on", "method"])


def known_limits(folder: Path, asked: pd.DataFrame) -> pd.DataFrame:
    rows = asked.merge(
        read(folder, "credit_limits", "customer_id valid_from limit_amount recorded_at"), on="customer_id"
    )
    rows = rows[(rows["recorded_at"] <= rows["as_of"]) & (rows["valid_from"] <= rows["as_of"])]
    rows = rows.sort_values([APP, "valid_from", "recorded_at"])
    return rows.drop_duplicates([APP, "valid_from"], keep="last")


def settle(invoices: pd.DataFrame, receipts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the invoices with what is open, and the daily receipts of those paid on several days or from the pool."""
    named = receipts[receipts["invoice_id"].notna()]
    named = named.merge(invoices[[APP, "invoice_id", INVOICE]], on=[APP, "invoice_id"])
    sums = named.groupby(INVOICE, sort=False).agg(
        paid=("paid", "sum"), first=("cash_on", "min"), last=("cash_on", "max")
    )
    rows = invoices.drop(columns="invoice_id").set_index(INVOICE).join(sums)
    rows["paid"] = rows["paid"].fillna(0).astype("int64")
    pooled = pool(rows, invoices, receipts[receipts["invoice_id"].isna()])
    in_parts = pd.Index(np.union1d(rows.index[rows["first"] < rows["last"]], pooled[INVOICE].unique()))
    parts = pd.concat([named.loc[named[INVOICE].isin(in_parts), [INVOICE, "cash_on", "paid"]], pooled])
    parts = parts.groupby([INVOICE, "cash_on"], as_index=False)["paid"].sum()
    replayed = replay(parts.assign(due=rows["due"].reindex(parts[INVOICE]).to_numpy()))
    is_part = rows.index.isin(in_parts)
    turned = rows["last"].where(~is_part, replayed["turned_on"].reindex(rows.index))
    rows["paid_on"] = rows["last"].where(~is_part)
    rows["paid"] = rows["paid"].where(~is_part, replayed["paid"].reindex(rows.index)).astype("int64")
    is_settled = (rows["paid"] >= enough(rows["due"])) & turned.notna()
    rows["settled_on"] = turned.where(is_settled)
    rows["open"] = (rows["due"] - rows["paid"]).clip(lower=0).where(~is_settled, 0)
    rows["dbt"] = (rows["settled_on"].fillna(rows["as_of"]) - rows["due_on"]).astype("int64")
    return rows, parts


def pool(rows: pd.DataFrame, invoices: pd.DataFrame, receipts: pd.DataFrame) -> pd.DataFrame:
    """Return what receipts without reference pay of each invoice, oldest due first."""
    receipts = receipts[[APP, "cash_on", "payment_id", "paid"]].sort_values([APP, "cash_on", "payment_id"])
    receipts["to"] = receipts.groupby(APP)["paid"].cumsum()
    receipts["low"] = np.minimum(receipts["to"], receipts["to"] - receipts["paid"])
    receipts["high"] = np.maximum(receipts["to"], receipts["to"] - receipts["paid"])
    unpaid = rows[(rows["due"] > rows["paid"]) & rows[APP].isin(receipts[APP])]
    names = invoices.set_index(INVOICE)["invoice_id"]
    rests = unpaid.assign(rest=unpaid["due"] - unpaid["paid"], name=names.reindex(unpaid.index))
    rests = rests.reset_index().sort_values([APP, "due_on", "name"])[[APP, INVOICE, "rest"]]
    rests["rest_to"] = rests.groupby(APP)["rest"].cumsum()
    pairs = receipts.merge(rests, on=APP)
    pairs = pairs[(pairs["low"] < pairs["rest_to"]) & (pairs["high"] > pairs["rest_to"] - pairs["rest"])]
    overlap = np.minimum(pairs["high"], pairs["rest_to"]) - np.maximum(pairs["low"], pairs["rest_to"] - pairs["rest"])
    return pairs.assign(paid=np.sign(pairs["paid"]) * overlap)[[INVOICE, "cash_on", "paid"]]


def replay(parts: pd.DataFrame) -> pd.DataFrame:
    """Return per invoice the sum of its part payments and the last day that turned it from short to settled."""
    reached, line = parts.groupby(INVOICE)["paid"].cumsum(), enough(parts["due"])
    turns = (reached >= line) & (reached - parts["paid"] < line)
    return pd.DataFrame(
        {
            "paid": parts.groupby(INVOICE)["paid"].sum(),
            "turned_on": parts[turns].groupby(INVOICE)["cash_on"].max(),
        }
    )


def enough(due: pd.Series) -> pd.Series:
    return (due - np.maximum(due // 50, 10_000)).clip(lower=1)


def of_invoices(rows: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    account = pd.DataFrame({"balance": rows.groupby(APP)["open"].sum()})
    account["limit"] = limits.groupby(APP)["limit_amount"].last().reindex(account.index)
    issued_age, due_age = rows["as_of"] - rows["issued_on"], rows["as_of"] - rows["due_on"]
    due, dbt, year = rows["due"], rows["dbt"], due_age.between(0, 364)
    material = due >= np.maximum(500_000, account["balance"].reindex(rows[APP]).to_numpy() * 0.01)
    seen = material & (rows["settled_on"].isna() | (rows["as_of"] - rows["settled_on"] < 365))
    index = np.interp(dbt, *zip(*KNOTS, strict=True))
    quarter, before = due_age.between(0, 89), year & (due_age > 89)
    sums = {
        "due365": due.where(year), "due180": due.where(due_age.between(0, 179)), "due90": due.where(quarter),
        "late90": (due * dbt).where(quarter), "late180": (due * dbt).where(due_age.between(0, 179)),
        "due_before": due.where(before), "late_before": (due * dbt).where(before), "n": year, "n_late": year & (dbt > 5),
        "late30": due.where(year & (dbt > 30)), "overdue": rows["open"].where(due_age > 0),
        "aged": rows["open"].where(due_age > 60), "index": (due * np.rint(1000 * index)).where(year),
        "bought90": due.where(issued_age.between(0, 89)), "bought365": due.where(issued_age.between(0, 364)),
        "disputed": rows["disputed"].where(year), "amount": rows["amount"].where(year),
    }  # fmt: skip
    by_app = pd.DataFrame({APP: rows[APP], **sums}).groupby(APP).sum()
    some = by_app.mask(by_app == 0)
    worst = dbt.where(seen).groupby(rows[APP]).max().fillna(0).clip(lower=0)
    oldest = issued_age.groupby(rows[APP]).max()
    spike = np.log((4 * by_app["bought90"] / some["bought365"]).clip(lower=1))
    owed = account["balance"].mask(account["balance"] == 0)
    return pd.DataFrame(
        {
            "rr_dbt_wavg_180d": by_app["late180"] / some["due180"],
            "rr_dbt_trend": by_app["late90"] / some["due90"] - by_app["late_before"] / some["due_before"],
            "rr_late_cnt_share_365d": by_app["n_late"] / some["n"],
            "rr_late30_amt_share_365d": by_app["late30"] / some["due365"],
            "rr_max_dpd_365d": worst,
            "rr_overdue_ratio_now": (by_app["overdue"] / owed).fillna(0),
            "rr_aging60_ratio_now": (by_app["aged"] / owed).fillna(0),
            "rr_payment_index_own_365d": by_app["index"] / some["due365"] / 1000,
            "co_tenure_months": oldest / (365.25 / 12),
            "co_active_months_12m": months(rows, "issued_on", issued_age.between(0, 364)),
            "co_limit_utilisation_now": account["balance"] / account["limit"],
            "co_purchases_to_limit_90d": by_app["bought90"] / account["limit"],
            "co_dispute_rate_365d": by_app["disputed"] / some["amount"],
            "co_purchase_spike_90d": spike.where(oldest >= 365),
        }
    )


def months(rows: pd.DataFrame, day: str, inside: pd.Series) -> pd.Series:
    """Return the number of calendar months with a row inside the window; 0 for an application without."""
    month = rows[day].astype("datetime64[s]") if rows[day].dtype.kind == "M" else None
    stamp = month if month is not None else pd.to_datetime(rows[day], unit="D")
    number = stamp.dt.year * 12 + stamp.dt.month
    pairs = pd.DataFrame({APP: rows[APP], "month": number})[inside].drop_duplicates()
    return pairs.groupby(APP).size().reindex(pd.Index(rows[APP].unique()), fill_value=0)


def of_receipts(payments: pd.DataFrame) -> pd.DataFrame:
    bounced = payments["bounced"] & (payments["as_of"] - payments["booked_at"] < 365)
    recent = (payments["as_of"] - payments["received_on"]).between(0, 364) & ~payments["bounced"]
    return pd.DataFrame(
        {
            "rr_bounced_cnt_365d": bounced.groupby(payments[APP]).sum(),
            "co_paid_months_12m": months(payments, "received_on", recent),
        }
    )


def of_exposure(settled: pd.DataFrame, parts: pd.DataFrame, limits: pd.DataFrame) -> pd.DataFrame:
    opening = settled["as_of"] - 365
    rows = settled[settled["settled_on"].isna() | (settled["settled_on"] > opening)]
    issued = pd.DataFrame(
        {APP: rows[APP], "as_of": rows["as_of"], "day": rows["issued_on"], "balance": rows["due"], "paid": 0}
    )
    paid = reductions(rows, parts)
    paid["balance"] = -paid["paid"]
    steps = limits["limit_amount"] - limits.groupby(APP)["limit_amount"].shift().fillna(0)
    granted = pd.DataFrame({APP: limits[APP], "as_of": limits["as_of"], "day": limits["valid_from"], "step": steps})
    changes = pd.concat([issued, paid])
    changes["day"] = np.maximum(changes["day"], changes["as_of"] - 365)
    days = pd.concat([changes, granted]).fillna(0).groupby([APP, "as_of", "day"], as_index=False).sum()
    by_app = days.groupby(APP)
    balance, limit = by_app["balance"].cumsum(), by_app["step"].cumsum()
    age = days["as_of"] - days["day"]
    until = age.groupby(days[APP]).shift(-1).fillna(-1)
    over = (np.minimum(age, 364) - until).clip(lower=0).where((limit > 0) & (balance > limit), 0)
    received = days["paid"].where(age < 90, 0).groupby(days[APP]).sum()
    owed = received + balance[until < 0].groupby(days[APP]).max()
    return pd.DataFrame(
        {
            "rr_collection_rate_90d": received / owed.mask(owed == 0),
            "co_over_limit_days_365d": over.groupby(days[APP]).sum().where(limit.groupby(days[APP]).max() > 0),
        }
    )


def reductions(rows: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Return what takes the invoices down: receipts up to settlement, and then whatever is left."""
    once = rows[rows["paid_on"].notna()]
    whole = once["paid"].where(once["settled_on"].isna(), once["due"])
    at_once = pd.DataFrame({APP: once[APP], "as_of": once["as_of"], "day": once["paid_on"], "paid": whole})
    dated = parts.merge(rows[[APP, "as_of", "due", "settled_on"]], left_on=INVOICE, right_index=True)
    before = dated[dated["settled_on"].isna() | (dated["cash_on"] < dated["settled_on"])]
    closed = dated[dated["settled_on"].notna()].drop_duplicates(INVOICE).set_index(INVOICE)
    rest = closed["due"] - before.groupby(INVOICE)["paid"].sum().reindex(closed.index, fill_value=0)
    last = pd.DataFrame({APP: closed[APP], "as_of": closed["as_of"], "day": closed["settled_on"], "paid": rest})
    return pd.concat([at_once, before.rename(columns={"cash_on": "day"})[[APP, "as_of", "day", "paid"]], last])
