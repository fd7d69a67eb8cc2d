"""The rules by number, with their meaning in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One data-quality rule: what it means in both languages."""

    id: str
    en: str
    zh: str


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "DQ01",
            "key not unique: exact copies dropped, of conflicting rows the latest kept",
            "主键重复：完全相同者去重，冲突者保留最新",
        ),
        Rule("DQ02", "refers to a row that does not exist", "引用的记录不存在"),
        Rule(
            "DQ03",
            "value missing, of the wrong type, or not one of the allowed values",
            "必填缺失、类型错误或取值不在允许范围",
        ),
        Rule(
            "DQ04",
            "known before it happened: availability set to the event plus the usual lag",
            "获知早于发生：按常见滞后修正",
        ),
        Rule(
            "DQ05",
            "availability missing: set to the event plus the reporting lag where the table has one, else set aside; "
            "a later fact (a judgment, a removal) without its day is never seen",
            "缺少获知日期：有报送滞后的表按事件日加滞后补足，否则隔离；后续事实（判决、移出）无日期者不予采用",
        ),
        Rule(
            "DQ06",
            "date before 1990 or more than five years after the data end",
            "日期早于1990年或晚于数据截止日五年以上",
        ),
        Rule("DQ07", "due before it was issued", "到期日早于开票日"),
        Rule(
            "DQ08",
            "amount not positive, or paid more than 105 % of the invoice",
            "金额非正，或回款超过发票金额的105%",
        ),
        Rule(
            "DQ09",
            "balance sheet does not add up; missing equity set to assets less liabilities",
            "资产负债表不平；缺失权益按资产减负债补足",
        ),
        Rule(
            "DQ10",
            "unit slip: amounts 1,000 or 10,000 times the company's other statements, divided back",
            "金额单位错位（千/万倍），已还原",
        ),
        Rule(
            "DQ11",
            "number outside its possible range: value cleared; percent instead of fractions stops the run",
            "数值超出可能范围，已置空；整列误用百分数则停止",
        ),
        Rule(
            "DQ12",
            "more than one currency: converted at the latest rate known when the row became known; without rates the run stops",
            "存在多币种：按记录获知时最新汇率折算；无汇率则停止",
        ),
        Rule("DQ13", "too many rows set aside to trust the table", "被隔离行过多，整表不可信"),
    )
}
