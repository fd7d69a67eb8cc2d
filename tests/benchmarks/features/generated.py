"""A ledger of any size, drawn by the engine row by row: canonical parquet sorted by customer, the same for the same size.

30 invoices a customer (20 to 40), 6 % of them unpaid, 15 % paid in two parts; 3 % of receipts name no invoice, 1 in 300 is
reversed, 1 in 200 dishonoured; 1.3 applications a customer. Chance is a hash of the keys.
"""

from pathlib import Path

import duckdb

ROWS_A_CUSTOMER = 62.7
"""Invoices and payments together."""

ROW_GROUP = 100_000

CHANCE = "CREATE MACRO chance(a, b, about, n) AS (hash(a, b, about) % n)::BIGINT"

LEDGERS = """
CREATE VIEW ledgers AS
SELECT c, printf('C%09d', c) AS customer_id, DATE '2019-01-01' + chance(c, 0, 'start', 1000)::INT AS started_on,
    20 + chance(c, 0, 'length', 21) AS invoices, 30 * (1 + chance(c, 0, 'terms', 3)) AS terms_days,
    100_000 + chance(c, 0, 'size', 10_000_000) AS usual
FROM range({customers}) r(c)
"""

BILLED = """
CREATE VIEW billed AS
SELECT *, issued_on + terms_days::INT AS due_on, printf('I%09d-%02d', c, n) AS invoice_id
FROM (
    SELECT *, started_on + (n * 45 + chance(c, n, 'day', 40))::INT AS issued_on,
        usual // 2 + chance(c, n, 'amount', 1_000_000) AS amount
    FROM (SELECT *, unnest(range(invoices)) AS n FROM ledgers)
)
"""

TABLES = {
    "applications": """
        SELECT printf('A%09d-%d', c, n) AS application_id, customer_id,
            started_on + (400 + chance(c, n, 'as_of', 1200))::INT AS as_of, 'open_account' AS product,
            10 * usual AS requested_limit, terms_days AS requested_terms_days, 'CNY' AS currency, 'admit' AS decision
        FROM (SELECT *, unnest(range(CASE WHEN c % 10 < 3 THEN 2 ELSE 1 END)) AS n FROM ledgers)
    """,
    "invoices": """
        SELECT invoice_id, customer_id, issued_on, due_on, amount,
            CASE WHEN chance(c, n, 'credit', 50) = 0 THEN amount // 10 ELSE 0 END AS credit_note_amount,
            CASE WHEN chance(c, n, 'credit', 50) = 0 THEN issued_on + 20 END AS credited_on,
            CASE WHEN chance(c, n, 'dispute', 33) = 0 THEN amount // 3 ELSE 0 END AS disputed_amount,
            CASE WHEN chance(c, n, 'dispute', 33) = 0 THEN due_on - 5 END AS dispute_opened_on,
            CASE WHEN chance(c, n, 'dispute', 66) = 0 THEN due_on + 40 END AS dispute_closed_on, 'CNY' AS currency,
            chance(c, n, 'cancelled', 100) = 0 AS cancelled,
            CASE WHEN chance(c, n, 'cancelled', 200) = 0 THEN issued_on + 10 END AS cancelled_on,
            issued_on + chance(c, n, 'booked', 4)::INT AS booked_at
        FROM billed
    """,
    "payments": """
        SELECT printf('P%09d-%02d-%d', c, n, part) AS payment_id, customer_id,
            CASE WHEN chance(c, n, 'pool', 33) > 0 THEN invoice_id END AS invoice_id, received_on,
            CASE WHEN draft THEN received_on + 90 WHEN chance(c, n, 'cleared', 2) = 0 THEN received_on + 1 END AS cleared_on,
            CASE part WHEN 0 THEN amount - amount * (parts - 1) // 3 WHEN 1 THEN amount // 3 ELSE -amount END AS amount,
            CASE WHEN draft THEN ['bank_acceptance', 'commercial_acceptance'][1 + n % 2] ELSE 'transfer' END AS method,
            chance(c, n, 'bounced', 200) = 0 AS bounced,
            CASE WHEN chance(c, n, 'bounced', 200) = 0 THEN received_on END AS bounced_on, 'CNY' AS currency,
            received_on + chance(c, n, 'entered', 3)::INT AS booked_at
        FROM (
            SELECT *, chance(c, n, 'draft', 10) = 0 AS draft,
                due_on + (chance(c, n, 'late', 60) - 15 + 30 * part)::INT AS received_on
            FROM (
                SELECT *, CASE WHEN chance(c, n, 'parts', 100) < 15 THEN 2 ELSE 1 END AS parts,
                    unnest(CASE WHEN chance(c, n, 'reversal', 300) = 0 THEN [0, 2]
                        WHEN parts = 2 THEN [0, 1] ELSE [0] END) AS part
                FROM billed WHERE chance(c, n, 'unpaid', 100) >= 6
            )
        )
    """,
    "credit_limits": """
        SELECT customer_id, started_on + 365 * n::INT AS valid_from, 5 * usual * (1 + n) AS limit_amount,
            terms_days, 'CNY' AS currency, started_on + 365 * n::INT AS recorded_at
        FROM (SELECT *, unnest(range(3)) AS n FROM ledgers)
    """,
}


def generate(folder: Path, rows: int) -> Path:
    """Write canonical applications, invoices, payments and limits with about `rows` ledger rows, unless they are there."""
    if (folder / "credit_limits.parquet").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
    for view in (CHANCE, LEDGERS.format(customers=round(rows / ROWS_A_CUSTOMER)), BILLED):
        connection.execute(view)
    for name, query in TABLES.items():
        target = f"'{folder / name}.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
        connection.execute(f"COPY ({query}) TO {target}")
    return folder
