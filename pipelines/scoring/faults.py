"""What the batch job does about each thing that can be wrong with its input, declared once: documents and tests read it."""

from typing import NamedTuple

STOPS, SETS_ASIDE, GOES_ON = 2, 3, 0
"""The exit code that an outcome leads to."""


class Fault(NamedTuple):
    """What is wrong, what the job does, and the exit code."""

    en: str
    zh: str
    outcome: str
    exit_code: int


FAULTS: dict[str, Fault] = {
    "empty_file": Fault("file without even a header", "空文件", "stops: says which columns are expected", STOPS),
    "header_only": Fault("header without rows", "只有表头", "stops: no row", STOPS),
    "cut_off_parquet": Fault("parquet cut short", "parquet文件不完整", "stops: cannot be read, copy it again", STOPS),
    "text_as_parquet": Fault("another file called .parquet", "伪装成parquet", "stops: cannot be read", STOPS),
    "missing_column": Fault("a feature of the model is no column", "缺少特征列", "stops: names the columns", STOPS),
    "wrong_delimiter": Fault("semicolons instead of commas", "分隔符错误", "stops: asks for commas", STOPS),
    "gb18030": Fault("GB18030 instead of UTF-8", "GB18030编码", "stops: names the line and how to convert", STOPS),
    "workbook": Fault("an Excel workbook or UTF-16", "Excel或UTF-16文件", "stops: asks for CSV UTF-8", STOPS),
    "open_quote": Fault("a quotation mark not closed", "引号未闭合", "stops: names the line", STOPS),
    "bom": Fault("byte order mark at the start", "带BOM", "read as if it were not there", GOES_ON),
    "other_order": Fault(
        "columns in another order, or more", "列顺序不同或多余列", "found by name; others ignored", GOES_ON
    ),
    "number_in_text": Fault("numbers in a column of text", "文本列中的数字", "read as numbers", GOES_ON),
    "bad_line": Fault("a line with too many cells", "某行列数过多", "line set aside", SETS_ASIDE),
    "thousands": Fault("thousands separators", "千分位分隔符", "row set aside: not a number", SETS_ASIDE),
    "words": Fault("words in a column of numbers", "数值列中的文字", "row set aside: not a number", SETS_ASIDE),
    "infinite": Fault("an infinite value", "无穷大", "row set aside: outside of what the feature can be", SETS_ASIDE),
    "percent": Fault(
        "percent instead of a fraction", "百分数代替小数", "row set aside where out of bounds", SETS_ASIDE
    ),
    "evidence": Fault(
        "no number in an amount that the policy reads", "政策所需金额不是数字", "row set aside", SETS_ASIDE
    ),
    "no_id": Fault("an empty application_id or customer_id", "编号为空", "row set aside", SETS_ASIDE),
    "no_day": Fault("an as_of that is no day", "观察日无效", "row set aside", SETS_ASIDE),
    "repeated_id": Fault("an application_id twice", "申请编号重复", "later row set aside", SETS_ASIDE),
    "unseen_category": Fault("a category never seen", "未见过的类别", "scored as missing, flagged `unseen:`", GOES_ON),
    "emptied_column": Fault(
        "an important column empty, unlike in development",
        "重要特征整列缺失",
        "stops above `score.max_lost_importance`; below it named in summary.json",
        STOPS,
    ),
    "heavy_table_absent": Fault(
        "a table absent that carries 10 % of the model or more",
        "缺少重要数据表",
        "stops; with --allow-missing-table everybody is flagged `absent:`",
        STOPS,
    ),
    "broken_table": Fault("a table that cannot be read", "数据表损坏", "stops: as `ingest` does", STOPS),
    "foreign_currency": Fault(
        "amounts in another currency than the model's",
        "币种与模型不一致",
        "stops: asks for fx_rates; with them amounts are converted",
        STOPS,
    ),
    "edited_model": Fault("a bundle whose bytes changed", "模型文件被改动", "stops: refused", STOPS),
    "other_model": Fault("another bundle than expected", "并非预期的模型", "stops: refused", STOPS),
    "other_features": Fault(
        "a bundle trained on features or tables declared otherwise", "特征集或数据契约不一致", "stops: refused", STOPS
    ),
    "disk_full": Fault("the disk is full", "磁盘已满", "stops: nothing published", STOPS),
    "foreign_output": Fault("an output folder with other files", "输出目录含其他文件", "stops: nothing touched", STOPS),
    "two_jobs": Fault("another job writes the same output", "两个任务同时写同一目录", "the second stops", STOPS),
}
"""Every fault by a short name; each has its test of that name."""
