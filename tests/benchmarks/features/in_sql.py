"""The ledger features in one DuckDB query as an expert would write it by hand, and the bare scan of what it reads."""

import itertools
from pathlib import Path

import duckdb

KNOTS = ((-30, 100), (-20, 90), (0, 80), (15, 70), (22, 60), (30, 50), (60, 40), (90, 30), (120, 20), (180, 1))

PAYMENT_INDEX = "100.0" + "".join(
    f" + (least(greatest(dbt, {x0}), {x1})::DOUBLE - {x0}) * {(y1 - y0) / (x1 - x0)!r}"
    for (x0, y0), (x1, y1) in itertools.pairwise(KNOTS)
)

QUERY = f"""
WITH known_payments AS MATERIALIZED (
    SELECT application_id, as_of, invoice_id, payment_id, amount AS paid, received_on, booked_at,
        coalesce(bounced AND coalesce(bounced_on <= as_of, true), false) AS bounced,
        CASE WHEN method = 'bank_acceptance' THEN received_on ELSE coalesce(cleared_on, received_on) END AS cash_on,
        NOT (method = 'commercial_acceptance' AND cleared_on IS NULL) AS counts
    FROM payments JOIN applications USING (customer_id) WHERE booked_at <= as_of
), cash AS (
    SELECT * FROM known_payments WHERE counts AND NOT bounced AND cash_on <= as_of
), by_invoice AS (
    SELECT application_id, invoice_id, sum(paid)::BIGINT AS paid, min(cash_on) AS paid_from, max(cash_on) AS paid_until
    FROM cash WHERE invoice_id IS NOT NULL GROUP BY ALL
), known_invoices AS (
    SELECT application_id, as_of, invoice_id, issued_on, due_on, amount,
        amount - CASE WHEN coalesce(credited_on <= as_of, true) THEN coalesce(credit_note_amount, 0) ELSE 0 END AS due,
        CASE WHEN dispute_opened_on <= as_of THEN disputed_amount END AS disputed
    FROM invoices JOIN applications USING (customer_id)
    WHERE booked_at <= as_of AND NOT coalesce(cancelled AND coalesce(cancelled_on <= as_of, true), false) AND due > 0
), booked AS MATERIALIZED (
    SELECT i.*, coalesce(b.paid, 0) AS paid, paid_from, paid_until,
        greatest(due - greatest(due // 50, 10000), 1) AS enough
    FROM known_invoices i LEFT JOIN by_invoice b USING (application_id, invoice_id)
), pool AS MATERIALIZED (
    SELECT application_id, cash_on, paid, sum(paid) OVER (PARTITION BY application_id ORDER BY cash_on, payment_id
        ROWS UNBOUNDED PRECEDING)::BIGINT AS upto
    FROM cash WHERE invoice_id IS NULL
), rests AS (
    SELECT application_id, invoice_id, enough, due - paid AS rest, sum(due - paid) OVER (PARTITION BY application_id
        ORDER BY due_on, invoice_id ROWS UNBOUNDED PRECEDING)::BIGINT AS upto
    FROM booked SEMI JOIN pool USING (application_id) WHERE due > paid
), pooled AS MATERIALIZED (
    SELECT application_id, invoice_id, r.enough, cash_on, sign(p.paid)
        * (least(greatest(p.upto, p.upto - p.paid), r.upto) - greatest(least(p.upto, p.upto - p.paid), r.upto - rest)) AS paid
    FROM pool p JOIN rests r USING (application_id)
    WHERE least(p.upto, p.upto - p.paid) < r.upto AND greatest(p.upto, p.upto - p.paid) > r.upto - rest
), in_parts AS (
    SELECT application_id, invoice_id, enough FROM booked WHERE paid_from < paid_until
    UNION SELECT application_id, invoice_id, enough FROM pooled
), parts AS MATERIALIZED (
    SELECT application_id, invoice_id, enough, cash_on, sum(paid)::BIGINT AS paid FROM (
        SELECT application_id, invoice_id, enough, cash_on, c.paid FROM cash c JOIN in_parts USING (application_id, invoice_id)
        UNION ALL FROM pooled
    ) GROUP BY ALL
), replayed AS (
    SELECT application_id, invoice_id, sum(paid)::BIGINT AS paid,
        max(cash_on) FILTER (reached >= enough AND reached - paid < enough) AS turned_on
    FROM (
        SELECT *, sum(paid) OVER (PARTITION BY application_id, invoice_id ORDER BY cash_on
            ROWS UNBOUNDED PRECEDING)::BIGINT AS reached FROM parts
    ) GROUP BY ALL
), paid_up AS (
    SELECT b.* EXCLUDE (paid), coalesce(r.paid, b.paid) AS paid, r.paid IS NULL AS at_once,
        CASE WHEN r.paid IS NULL THEN paid_until ELSE turned_on END AS turned_on
    FROM booked b LEFT JOIN replayed r USING (application_id, invoice_id)
), settled AS MATERIALIZED (
    SELECT application_id, as_of, invoice_id, issued_on, due_on, amount, due, disputed, paid,
        CASE WHEN at_once THEN paid_until END AS paid_on,
        CASE WHEN paid >= enough THEN turned_on END AS settled_on,
        CASE WHEN settled_on IS NULL THEN greatest(due - paid, 0) ELSE 0 END AS open,
        coalesce(settled_on, as_of) - due_on AS dbt, as_of - due_on AS due_age, as_of - issued_on AS issued_age
    FROM paid_up
), limits AS MATERIALIZED (
    SELECT application_id, as_of, valid_from, limit_amount,
        limit_amount - coalesce(lag(limit_amount) OVER (PARTITION BY application_id ORDER BY valid_from), 0) AS step
    FROM credit_limits JOIN applications USING (customer_id) WHERE recorded_at <= as_of AND valid_from <= as_of
    QUALIFY row_number() OVER (PARTITION BY application_id, valid_from ORDER BY recorded_at DESC) = 1
), in_force AS (
    SELECT application_id, arg_max(limit_amount, valid_from) AS limit_amount FROM limits GROUP BY ALL
), account AS (
    SELECT application_id, sum(open)::BIGINT AS balance FROM settled GROUP BY ALL
), of_invoices AS (
    SELECT application_id, any_value(balance) AS balance, any_value(limit_amount) AS limit_amount,
        sum(due::DECIMAL(38, 0) * dbt::DECIMAL(9, 0)) FILTER (due_age BETWEEN 0 AND 179) AS late180,
        sum(due) FILTER (due_age BETWEEN 0 AND 179) AS due180,
        sum(due::DECIMAL(38, 0) * dbt::DECIMAL(9, 0)) FILTER (due_age BETWEEN 0 AND 89) AS late90,
        sum(due) FILTER (due_age BETWEEN 0 AND 89) AS due90,
        sum(due::DECIMAL(38, 0) * dbt::DECIMAL(9, 0)) FILTER (due_age BETWEEN 90 AND 364) AS late_before,
        sum(due) FILTER (due_age BETWEEN 90 AND 364) AS due_before,
        count(*) FILTER (due_age BETWEEN 0 AND 364 AND dbt > 5) AS n_late, count(*) FILTER (due_age BETWEEN 0 AND 364) AS n,
        sum(due) FILTER (due_age BETWEEN 0 AND 364 AND dbt > 30) AS late30,
        sum(due) FILTER (due_age BETWEEN 0 AND 364) AS due365,
        max(dbt) FILTER (due >= greatest(500000, balance * 0.01) AND (settled_on IS NULL OR as_of - settled_on < 365)) AS worst,
        sum(open) FILTER (due_age > 0) AS overdue, sum(open) FILTER (due_age > 60) AS aged,
        sum(due::DECIMAL(38, 0) * round(({PAYMENT_INDEX}) * 1000)::DECIMAL(9, 0)) FILTER (due_age BETWEEN 0 AND 364) AS indexed,
        max(issued_age) AS tenure,
        count(DISTINCT year(issued_on) * 12 + month(issued_on)) FILTER (issued_age BETWEEN 0 AND 364) AS months,
        sum(due) FILTER (issued_age BETWEEN 0 AND 89) AS bought90, sum(due) FILTER (issued_age BETWEEN 0 AND 364) AS bought365,
        sum(disputed) FILTER (due_age BETWEEN 0 AND 364) AS disputed, sum(amount) FILTER (due_age BETWEEN 0 AND 364) AS amount
    FROM settled JOIN account USING (application_id) LEFT JOIN in_force USING (application_id) GROUP BY ALL
), of_receipts AS (
    SELECT application_id, count(*) FILTER (bounced AND as_of - booked_at < 365) AS bounced,
        count(DISTINCT year(received_on) * 12 + month(received_on))
            FILTER (as_of - received_on BETWEEN 0 AND 364 AND NOT bounced) AS months
    FROM known_payments GROUP BY ALL
), recent AS (
    SELECT * FROM settled WHERE settled_on IS NULL OR settled_on > as_of - 365
), dated AS (
    SELECT application_id, invoice_id, as_of, due, settled_on, cash_on, p.paid
    FROM recent r JOIN parts p USING (application_id, invoice_id) WHERE paid_on IS NULL
), changes AS (
    SELECT application_id, as_of, greatest(issued_on, as_of - 365) AS day, due AS change, 0 AS paid, 0 AS step FROM recent
    UNION ALL
    SELECT application_id, as_of, greatest(day, as_of - 365), -paid, paid, 0 FROM (
        SELECT application_id, as_of, paid_on AS day, CASE WHEN settled_on IS NULL THEN paid ELSE due END AS paid
        FROM recent WHERE paid_on IS NOT NULL
        UNION ALL
        SELECT application_id, as_of, cash_on, paid FROM dated WHERE settled_on IS NULL OR cash_on < settled_on
        UNION ALL
        SELECT application_id, any_value(as_of), any_value(settled_on),
            any_value(due) - coalesce(sum(paid) FILTER (cash_on < settled_on), 0)::BIGINT
        FROM dated WHERE settled_on IS NOT NULL GROUP BY application_id, invoice_id
    )
    UNION ALL SELECT application_id, as_of, valid_from, 0, 0, step FROM limits
), days AS (
    SELECT application_id, as_of - day AS age, paid, change, sum(change) OVER upto AS balance, sum(step) OVER upto AS in_force,
        coalesce(as_of - lead(day) OVER (PARTITION BY application_id ORDER BY day), -1) AS until
    FROM changes WINDOW upto AS (PARTITION BY application_id ORDER BY day RANGE UNBOUNDED PRECEDING)
), of_exposure AS (
    SELECT application_id, sum(paid) FILTER (age < 90) AS paid, sum(change) AS balance, max(in_force) AS highest,
        sum(greatest(least(age, 364) - until, 0)) FILTER (in_force > 0 AND balance > in_force) AS over
    FROM days GROUP BY ALL
)
SELECT application_id,
    late180 / due180::DOUBLE AS rr_dbt_wavg_180d,
    late90 / due90::DOUBLE - late_before / due_before::DOUBLE AS rr_dbt_trend,
    n_late / nullif(n, 0)::DOUBLE AS rr_late_cnt_share_365d,
    coalesce(late30, 0) / due365::DOUBLE AS rr_late30_amt_share_365d,
    greatest(coalesce(worst, 0), 0)::DOUBLE AS rr_max_dpd_365d,
    CASE WHEN i.balance > 0 THEN coalesce(overdue, 0) / i.balance::DOUBLE ELSE 0 END AS rr_overdue_ratio_now,
    CASE WHEN i.balance > 0 THEN coalesce(aged, 0) / i.balance::DOUBLE ELSE 0 END AS rr_aging60_ratio_now,
    coalesce(e.paid, 0) / nullif(coalesce(e.paid, 0) + e.balance, 0)::DOUBLE AS rr_collection_rate_90d,
    r.bounced::DOUBLE AS rr_bounced_cnt_365d,
    indexed / due365::DOUBLE / 1000 AS rr_payment_index_own_365d,
    tenure / (365.25 / 12)::DOUBLE AS co_tenure_months,
    i.months::DOUBLE AS co_active_months_12m,
    i.balance / limit_amount::DOUBLE AS co_limit_utilisation_now,
    r.months::DOUBLE AS co_paid_months_12m,
    coalesce(bought90, 0) / limit_amount::DOUBLE AS co_purchases_to_limit_90d,
    CASE WHEN highest > 0 THEN coalesce(over, 0)::DOUBLE END AS co_over_limit_days_365d,
    coalesce(i.disputed, 0) / i.amount::DOUBLE AS co_dispute_rate_365d,
    CASE WHEN tenure >= 365 AND bought365 > 0 THEN ln(greatest(4 * coalesce(bought90, 0) / nullif(bought365, 0)::DOUBLE, 1))
        END AS co_purchase_spike_90d
FROM applications LEFT JOIN of_invoices i USING (application_id) LEFT JOIN of_receipts r USING (application_id)
    LEFT JOIN of_exposure e USING (application_id)
ORDER BY application_id
"""

READ = {
    "applications": "max(application_id), max(as_of)",
    "invoices": "max(invoice_id), max(issued_on), max(due_on), sum(amount), sum(credit_note_amount), max(credited_on), "
    "sum(disputed_amount), max(dispute_opened_on), bool_or(cancelled), max(cancelled_on), max(booked_at)",
    "payments": "max(payment_id), max(invoice_id), max(received_on), max(cleared_on), sum(amount), max(method), "
    "bool_or(bounced), max(bounced_on), max(booked_at)",
    "credit_limits": "max(valid_from), sum(limit_amount), max(recorded_at)",
}
"""Every column that the features read, in one aggregate each."""


def compute(folder: Path, target: Path, threads: int) -> None:
    """Write the ledger features, not yet clipped, of every application."""
    with _open(folder, threads) as connection:
        connection.execute(f"COPY ({QUERY}) TO '{target}' (FORMAT parquet)")


def scan_and_aggregate(folder: Path, target: Path, threads: int) -> None:
    """Write one aggregate of every column the features read, by customer."""
    with _open(folder, threads) as connection:
        for table, aggregates in READ.items():
            connection.execute(
                f"CREATE TEMP TABLE of_{table} AS SELECT customer_id, {aggregates} FROM {table} GROUP BY ALL"
            )
        connection.execute(f"COPY of_invoices TO '{target}' (FORMAT parquet)")


def _open(folder: Path, threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": threads})
    for table in READ:
        connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
    return connection
