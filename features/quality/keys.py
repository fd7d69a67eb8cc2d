"""Rows against each other: a key names one row (DQ01)."""

import ibis
import ibis.expr.types as ir

from features.tables import Table


def judge_keys(table: Table, rows: ir.Table) -> ir.Table:
    """Return the rows with repeats of a key judged (DQ01): exact copies marked dropped, older conflicting rows set aside.

    Of rows with one key the latest available stays; between equals the one that comes last in the file.
    """
    return with_repeats(rows, repeats(table, rows))


def repeats(table: Table, rows: ir.Table) -> ir.Table:
    """Return what becomes of every row whose key occurs before or after it: dq_row, dq_conflict (null: none), dq_copy.

    Rows already set aside do not count. Only repeated keys, usually few, are sorted and compared.
    """
    key = list(table.key)
    keys = rows.filter(rows.dq_rule.isnull()).select(key)
    again = keys.group_by(key).agg(dq_times=keys.count()).filter(lambda t: t["dq_times"] > 1)
    repeated = rows.filter(rows.dq_rule.isnull()).semi_join(again, key)
    content = ibis.literal("|").join([repeated[column.name].cast("string").coalesce("∅") for column in table])
    ranked = repeated.select("dq_row", *dict.fromkeys((*key, table.availability)), dq_content=content)
    newest = ibis.window(group_by=key, order_by=[ibis.desc(table.availability), ibis.desc("dq_row")])
    ranked = ranked.mutate(dq_place=ibis.row_number().over(newest), dq_winner=ranked.dq_content.first().over(newest))
    loser, copy = ranked.dq_place > 0, ranked.dq_content == ranked.dq_winner
    reason = f"another row has the same {', '.join(key)} and a later or equal {table.availability}"
    return ranked.select(
        "dq_row",
        dq_conflict=ibis.ifelse(loser & ~copy, ibis.literal(reason), ibis.null("string")),
        dq_copy=loser & copy,
    )


def with_repeats(rows: ir.Table, repeated: ir.Table) -> ir.Table:
    """Return the rows with the verdict of `repeats` on them: `dq_rule` and `dq_reason`, or `dq_fixed_DQ01` for a copy."""
    verdict = repeated.rename(dq_repeat="dq_row")
    joined = rows.left_join(verdict, rows.dq_row == verdict.dq_repeat)
    judged = joined.mutate(
        dq_rule=ibis.ifelse(joined.dq_conflict.notnull(), "DQ01", joined.dq_rule),
        dq_reason=joined.dq_conflict.coalesce(joined.dq_reason),
        dq_fixed_DQ01=joined.dq_copy.coalesce(False),
    )
    return judged.drop("dq_repeat", "dq_conflict", "dq_copy")
