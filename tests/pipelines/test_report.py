"""The committee's pages: complete, closed to the outside, honest about what is missing, and safe with any data."""

import base64
import copy
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from committee_run import case, committee_run, decision, scenario, write

from features.dimensions import CATALOGUE
from pipelines.errors import InputError
from pipelines.glossary import LANGUAGES, Language, say
from pipelines.pages import portfolio
from pipelines.pages.applicant import applicant_view, reason
from pipelines.pages.applicant import scenario as scenario_words
from pipelines.pages.wording import Wording
from pipelines.report import render_all, render_applicant, render_explorer, render_portfolio, report

VOID = {"meta", "br", "link", "img", "input", "hr"}
EN, ZH = Wording("en"), Wording("zh")


class Page(HTMLParser):
    """Reads a page strictly: tags must match; collects what tests ask for."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


PAGES = render_all(committee_run())
TABLES = ("tables.en.xlsx", "tables.zh.xlsx")


def page(run: dict[str, Any], lang: Language = "en") -> Page:
    return Page(render_portfolio(run, lang))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed_and_its_labels_point_at_what_is_there(name: str):
    read = Page(PAGES[name])
    ids = read.all("id")

    assert len(ids) == len(set(ids))
    assert {i for label in read.all("aria-labelledby") for i in label.split()} <= set(ids)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_page_of_the_report_or_a_place_on_the_same_page(name: str):
    read = Page(PAGES[name])

    links = read.all("href")

    assert links
    assert {link for link in links if not link.startswith("#")} <= {*PAGES, *TABLES}
    assert {link[1:] for link in links if link.startswith("#")} <= set(read.all("id"))


def sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_from_outside_and_its_policy_forbids_it(name: str):
    html, read = PAGES[name], Page(PAGES[name])
    style = re.findall(r"<style>(.*?)</style>", html, re.S)
    policy = next(a["content"] for t, a in read.tags if a.get("http-equiv") == "Content-Security-Policy")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    allowed = "".join(f"script-src 'sha256-{sha256(script)}'; " for script in scripts)

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{sha256(style[0])}'; {allowed}base-uri 'none'; form-action 'none'"
    )
    assert len(scripts) == name.startswith("explorer")
    assert not {"img", "link", "iframe", "object", "form"} & {tag for tag, _ in read.tags}
    assert not [a for _, attributes in read.tags for a in attributes if a == "style" or a.startswith("on")]
    assert set(re.findall(r"https?://[^\"'<\s]+", html)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in style[0]
    assert "@import" not in style[0]


@pytest.mark.parametrize("name", [n for n in PAGES if n != "index.html"])
def test_a_page_links_to_itself_in_the_other_language(name: str):
    stem, lang, _ = name.split(".")

    assert f"{stem}.{'en' if lang == 'zh' else 'zh'}.html" in Page(PAGES[name]).all("href")


def test_an_english_page_holds_no_chinese_but_for_names_and_sources():
    read = Page(render_applicant(committee_run(), case(), "en"))

    assert re.findall(r"[\u4e00-\u9fff]+", read.text) == ["中文"]


HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_customer_called_script_does_no_harm(lang: Language):
    run = committee_run()
    person = case(customer_id=HOSTILE, application_id="=cmd()", product='"><b>', industry="<i>", currency="{x}<u>")
    person["indicators"][-1]["leading"] |= {"feature": "cx_region", "value": HOSTILE, "peer_median": None}
    person["decision"] |= {"policy": "'\"><img src=x onerror=alert(1)>"}

    read = Page(render_applicant(run, person, lang))

    assert not {"script", "img", "i", "u"} & {tag for tag, _ in read.tags}
    assert read.text.count(HOSTILE) == 2
    assert "=cmd()" in read.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_of_data_do_no_harm_in_the_portfolio_report(lang: Language):
    run = committee_run()
    run["details"]["source_name"] = {"en": HOSTILE, "zh": HOSTILE}
    run["details"]["tables"].append({"table": HOSTILE, "present": False})
    run["details"]["quality"][0]["rules"][0] |= {"meaning_en": HOSTILE, "meaning_zh": HOSTILE, "rule": "{{ 7*7 }}"}
    run["metrics"]["benchmarks"][HOSTILE] = run["metrics"]["benchmarks"]["logistic"]
    run["details"]["benchmark_roc"] = {HOSTILE: run["details"]["benchmark_roc"]["logistic"]}
    run["cases"][0]["customer_id"] = HOSTILE

    read = page(run, lang)

    assert "script" not in {tag for tag, _ in read.tags}
    assert read.text.count(HOSTILE) >= 6
    assert "{{ 7*7 }}" in read.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_hostile_applicant_cannot_leave_the_explorer_s_data(lang: Language):
    run = committee_run()
    run["applicants"]["rows"][3] |= {
        "customer_id": "</script>" + HOSTILE,
        "industry": "<!--<i>",
        "application_id": "&lt;",
    }

    html = render_explorer(run, lang)

    assert HOSTILE not in html
    assert "<!--" not in html
    assert html.count("</script>") == 2
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.S)[0])
    assert data["rows"]["customer"][3] == "</script>" + HOSTILE
    assert data["rows"]["id"][3] == "&lt;"


def test_the_explorer_s_columns_are_those_of_the_applicants_whole_and_rounded_as_the_pages_round():
    run = committee_run()

    data = json.loads(re.findall(r'id="data">(.*?)</script>', render_explorer(run, "en"), re.S)[0])

    for k, row in enumerate(run["applicants"]["rows"]):
        assert data["rows"]["points"][k] == round(row["points"] * 100)
        told = sum(data["rows"]["indicators"][k]) / 100 + data["base"]
        assert told == pytest.approx(row["points"], abs=0.1)
        assert data["scenarios"][data["rows"]["scenario"][k]] == scenario_words(row, row["decision"], EN)
        assert data["decisions"][data["rows"]["decision"][k]] == say(f"decision.{row['decision']}", "en")
    assert {d["name"] for d in data["dimensions"]}.isdisjoint({"Industry reputation"})


def test_the_first_screen_says_what_how_many_and_how_well():
    text = page(committee_run()).text

    for words in (
        "defaults within 365 days",
        "Simulated sample portfolio",
        "2023-08-15 to 2024-11-15",
        "4,210",
        "158",
        "3.75%",
        "0.802",
        "0.778 to 0.826",
        "0.604",
        "0.460",
    ):
        assert words in text


def test_the_sentences_are_composed_of_the_run_s_numbers():
    run = committee_run()

    ranking, level, first = portfolio.sentences(run, EN)

    assert "in 80.2% of cases" in ranking
    assert "did" in level
    assert "3.75%" in level
    assert first.startswith("Credit score (bureau and repayment) moves the score most")
    assert "the source article, too" in first


def test_the_article_s_claim_is_tested_and_not_imposed():
    run = committee_run()
    for d in run["explanation"]["dimensions"]:
        if d["id"] == "financial_condition":
            d["share"] = 0.9

    first = portfolio.sentences(run, ZH)[2]

    assert first.startswith("财务状况对评分影响最大，占全部贡献的 90.0%")
    assert "本次运行中它并非首位" in first


def test_the_report_says_how_contributions_come_about_and_warns_where_two_ways_disagree():
    run = committee_run()

    how, alike, groups = portfolio.shapley_sentences(run, EN)
    run["explanation"]["agreement"]["governance"] = 0.71
    warned = portfolio.shapley_sentences(run, EN)[1]
    run["explanation"] |= {"interventional": False, "method": "pred_contrib"}

    assert "interventional" in how
    assert "least in Corporate governance (Spearman 0.971)" in alike
    assert "0.014 points" in groups
    assert warned.startswith("Warning")
    assert portfolio.shapley_sentences(run, EN)[1:] == ["An indicator's value is the sum of its features' values."]


def test_limitations_are_said_where_they_hold_and_only_there():
    run = committee_run()
    honest = copy.deepcopy(run)
    honest["details"] |= {"source": "tables", "tables": [], "label_status": [{"status": "good", "n": 5, "bads": 0}]}
    for entry in honest["explanation"]["dimensions"] + honest["explanation"]["indicators"]:
        entry["assessed"] = True

    said = " ".join(portfolio.limitations(run, EN))

    assert portfolio.limitations(honest, EN) == []
    assert "simulated" in said
    assert "Payments received" in said
    assert "2,700 applications were declined or withdrawn and did not trade" in said
    assert "Industry reputation" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels_overlap": True}, "not fully out of time"),
        ({"sample": "out_of_sample"}, "random split of customers"),
        ({"bads": 99}, "only 99 defaults"),
        ({"unseen_categories": {"cx_industry": 7}}, r"Industry section (7)"),
    ],
)
def test_a_weak_test_is_named_as_a_limitation(change: dict[str, Any], words: str):
    run = committee_run()
    (run["details"] if change.keys() <= run["details"].keys() else run["details"]["samples"][2]).update(change)

    assert words in " ".join(portfolio.limitations(run, EN))


def test_every_row_read_is_accounted_for_in_the_quality_table():
    run = committee_run()

    page = render_portfolio(run, "en")

    for q in run["details"]["quality"]:
        assert q["rows"] == q["ok"] + q["repaired"] + q["dropped_copies"] + q["quarantined"]
        fates = (q[key] for key in ("rows", "ok", "repaired", "dropped_copies", "quarantined"))
        assert "".join(f'<td class="num">{n:,}</td>' for n in fates) in page


def test_a_dimension_without_data_is_named_as_not_assessed_and_has_no_share():
    html = render_portfolio(committee_run(), "zh")

    chart = html[html.index('id="dimensions-title"') : html.index("</svg>", html.index('id="dimensions-title"'))]

    assert "行业信誉" in chart
    assert "未评估" in chart
    assert not re.search(r">0(\.0)?%", chart)


def test_what_a_run_did_not_compute_is_said_to_be_unavailable():
    run = committee_run()
    for key in ("roc", "reliability", "score_distribution"):
        run["details"][key] = []
    run["details"]["benchmark_roc"] = {}
    run["explanation"]["fidelity"] = []
    run["metrics"]["out_of_time"] = {"n": 4210, "bads": 158}
    run["metrics"]["benchmarks"] = {}
    run["cases"] = []
    for feature in run["explanation"]["features"]:
        feature["partial_dependence"] = None

    text = page(run).text

    assert text.count("not available in this run") >= 8
    assert "not enough data" in text
    assert "Only a simulated portfolio knows its truth" in text


def test_a_feature_that_runs_against_its_direction_or_gains_by_absence_is_listed():
    run = committee_run()
    run["explanation"]["features"][2] |= {"verdict": "inconsistent", "rho": -0.44}
    run["explanation"]["features"][3] |= {"missing_mean_points": 2.5, "missing_share": 0.31}

    found = [finding for _, finding in portfolio.audit_exceptions(run, EN)]

    assert found == [
        "runs against its direction (ρ −0.44)",
        "a missing value adds +2.5 points on average (31.0% of applicants)",
    ]
    assert portfolio.audit_exceptions(committee_run(), EN) == []


@pytest.mark.parametrize(
    ("lang", "sentence"), [("zh", "模型结论供决策参考，不替代尽职调查。"), ("en", "it does not replace due diligence")]
)
def test_every_page_says_that_it_does_not_replace_due_diligence(lang: str, sentence: str):
    for name, html in PAGES.items():
        if f".{lang}." in name or name == "index.html":
            assert sentence in html


def test_an_applicant_s_page_shows_every_indicator_and_the_way_to_the_score():
    text = Page(render_applicant(committee_run(), case(), "zh")).text

    assert all(i.zh in text for i in CATALOGUE.indicators)
    for words in (
        "2024年3月5日",
        "人民币 1,200,000 元",
        "60 天",
        "C26 制造业",
        "存量客户",
        "基准分",
        "588.4",
        ZH.number(case()["points"], 1),
        "R7",
        "2.40%",
        "有条件准入",
        "人民币 430,000 元",
        "PD 高于申请额度对应的准入线 2.12%；按策略对 R7 级的规定",
        "缩短账期、按季复审",
        "8 次重抽样重估的波动：1.80% 至 3.10%",
        "信用分析员",
        "风险委员会",
    ):
        assert words in text


def test_the_portfolio_says_what_the_validation_recommends():
    run = committee_run()
    card = {"name": "scorecard", "n": 4210, "auc": {"value": 0.795, "low": 0.76, "high": 0.83}}
    card |= {"difference": 0.007, "p_value": 0.21}
    csi = {"id": "csi_max", "battery": "V23", "en": "Largest CSI", "zh": "最大 CSI"}
    verdicts = {"green": 24, "amber": 6, "red": 1, "verdicts": {"csi_max": "red", "auc": "green"}}
    run["audit"] = {
        "audit": {"recommended": "scorecard", **verdicts},
        "details": {"challengers": [card], "checks": [csi]},
    }

    rows, said = portfolio.benchmark_rows(run, EN), portfolio.limitations(run, EN)
    run["audit"]["audit"]["recommended"] = "model"

    assert [rows[1][key] for key in ("name", "n", "difference", "p")] == ["WoE scorecard", "4,210", "+0.007", "0.210"]
    assert any(
        line.startswith("The validation recommends the simpler WoE scorecard: the model's lead") for line in said
    )
    assert len(portfolio.limitations(run, EN)) == len(said) - 1
    assert any(
        line.endswith("24 meet the standard and 6 need attention. Not up to it (1): V23 Largest CSI.") for line in said
    )


def test_a_missing_value_that_gains_points_is_told_whichever_kind_of_shapley_value_says_so():
    run = committee_run()
    row = {"model": "model", "feature": "pf_roa", "missing_share": 0.354, "missing_mean_points": 0.72}
    without = portfolio.audit_exceptions(run, EN)
    run["audit"] = {"details": {"missing": [row, {**row, "model": "unconstrained"}]}}

    told = portfolio.audit_exceptions(run, EN)

    words = "by path-dependent values a missing value adds +0.7 points on average (35.4% of applicants)"
    assert told == [*without, (EN.feature(CATALOGUE.feature("pf_roa")), words)]


def test_applications_that_belong_to_no_sample_are_counted():
    details = committee_run()["details"]
    known = sum(s["n"] for s in details["label_status"] if s["status"] in ("good", "indeterminate", "bad"))
    one = details["samples"][0]

    assert portfolio.left_out({**details, "samples": [{**one, "n": known - 3}]}, EN).startswith("3 more")
    assert portfolio.left_out({**details, "samples": [{**one, "n": known}]}, EN) == ""


def test_without_refits_no_interval_of_the_pd_is_told():
    assert "refits" not in Page(render_applicant(committee_run(), case(pd_interval=None), "en")).text


def test_a_declined_applicant_is_offered_nothing_and_told_which_rules_decided():
    found = decision(decision="decline", path=["KO1", "KO5:unknown", "MR2", "BAND:R10"], limit=0.0, conditions=[])

    told = applicant_view(case(decision=found), EN)["decision"]

    assert told.facts == [("none", "Limit offered", ""), ("—", "Terms offered", "")]
    assert told.sentences[0] == (
        "Why: knock-out KO1, on the list of dishonest debtors; knock-out KO5 unknown, its source not searched; "
        "model and challenger scorecard disagree; what the policy says of grade R10."
    )


def test_a_request_too_small_to_pay_for_its_handling_is_not_blamed_on_the_pd():
    small = decision(decision="manual_review", path=["CUT_OFF", "BAND:R4"], cut_off_pd=0.0)

    told = applicant_view(case(decision=small), EN)["decision"].sentences[0]

    assert told.startswith("Why: what may be earned with it does not pay for handling it, whatever the PD;")


def test_a_review_shows_the_limit_as_one_that_a_person_may_grant():
    found = decision(decision="manual_review", path=["REQUEST"], prepayment=0.3)

    told = applicant_view(case(decision=found), EN)["decision"]

    assert told.facts[0] == (
        "CNY 430,000",
        "Limit if admitted",
        "set by a share of the customer's equity, rounded down",
    )
    assert told.facts[1] == ("30 days", "Terms offered", "the policy's longest for R7; 30.0% paid before delivery")


def entry(points: float, value: float | None, peer: float | None = 0.9) -> dict[str, Any]:
    return {
        "indicator": "repayment_record",
        "points": points,
        "feature": "rr_dbt_wavg_180d",
        "value": value,
        "compared_with": "C",
        "compared_median": peer,
        "unit": "days",
        "window": "180d",
    }


@pytest.mark.parametrize(
    ("reason_entry", "english", "chinese"),
    [
        (
            entry(-12.3, 34.0),
            "Weak repayment record: higher risk. Average days beyond terms: 34 days (past 180 days; peer median 0.90 days); "
            "−12.3 points.",
            "还款记录较差，风险较高：加权平均逾期天数为 34 天（近180天；同行中位数 0.90 天），影响评分 −12.3 分。",
        ),
        (
            entry(8.0, -3.0, None),
            "Sound repayment record: lower risk. Average days beyond terms: −3 days (past 180 days); +8.0 points.",
            "还款记录良好，风险较低：加权平均逾期天数为 −3 天（近180天），影响评分 +8.0 分。",
        ),
        (
            entry(-6.0, None),
            "Repayment record: Average days beyond terms not applicable, treated as missing (past 180 days; peer median "
            "0.90 days); −6.0 points.",
            "还款记录：加权平均逾期天数不适用，按缺失处理（近180天；同行中位数 0.90 天），影响评分 −6.0 分。",
        ),
    ],
)
def test_a_reason_is_a_sentence_with_value_peers_period_and_points(
    reason_entry: dict[str, Any], english: str, chinese: str
):
    assert reason(reason_entry, EN) == english
    assert reason(reason_entry, ZH) == chinese


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        (
            {},
            "With overdue share of open balance down from 62.3% to 18.2%, tax credit grade changed from grade D to grade B "
            "or M, and all else unchanged, the model's PD would be 1.91% instead of 2.40%, and the grade R6 instead of R7. "
            "The policy would then say: Admit.",
            "若当前逾期余额占比由 62.3% 降至 18.2%、纳税信用等级由 D 级 变为 B 或 M 级，其余不变，模型 PD 由 2.40% 降至 1.91%，"
            "等级由 R7 升至 R6。策略结论将为：准入。",
        ),
        (
            {"status": "unreachable", "changes": []},
            "Grade R6 is not reachable by the actionable indicators within the usual range.",
            "在可改变的指标范围内无法达到 R6 级。",
        ),
        (
            {"status": "too_many", "changes": []},
            "Grade R6 would need more than three of the actionable indicators to change.",
            "达到 R6 级需改变三项以上可改变的指标。",
        ),
        ({"status": "best", "target": "", "changes": []}, "The grade is the best there is.", "已处于最优等级。"),
    ],
)
def test_what_would_have_to_change_is_a_sentence_with_the_values_before_and_after(
    change: dict[str, Any], english: str, chinese: str
):
    person = case(counterfactual=scenario(**change))

    assert applicant_view(person, EN)["scenario"] == english
    assert applicant_view(person, ZH)["scenario"] == chinese


def test_a_reason_that_only_all_applicants_bear_out_says_whom_it_compares_with():
    lonely = entry(-6.0, 4.0) | {"compared_with": "all", "compared_median": 2.0}

    assert "median of all applicants 2 days" in reason(lonely, EN)
    assert "全体申请人中位数 2 天" in reason(lonely, ZH)


def test_knock_outs_stand_apart_from_the_score_and_unsearched_is_not_clear():
    proof = {"table": "enforcement_records", "key": "E0001", "since": "2024-01-31"}
    clear, unknown = ({"rule": "KO5", "state": state, "proofs": []} for state in ("clear", "unknown"))
    hit = {"rule": "KO1", "state": "hit", "proofs": [proof]}

    unchecked, checked, unsearched, struck = (
        Page(render_applicant(committee_run(), case(knock_outs=found), "en")).text
        for found in (None, [clear], [clear, unknown], [hit])
    )

    assert "Not checked in this run" in unchecked
    assert "Rules on the customer's records checked: 1; none is hit." in checked
    assert "Not known, because the source was not searched: KO5" in unsearched
    assert "Knock-out KO1 is hit: on the list of dishonest debtors; proof: E0001 (2024-01-31). It declines" in struck
    assert "The knock-out remains." in struck
    assert "The knock-out remains." not in checked
    assert all("Independent of the score:" in text for text in (unchecked, checked, struck))


def test_the_source_rows_behind_a_named_feature_are_listed_with_key_and_both_dates():
    text = Page(render_applicant(committee_run(), case(), "en")).text

    assert "I0000777-0014 · 2024-02-27 · known 2024-01-12" in text
    assert "no row known" in text


def test_the_limits_of_an_applicant_s_data_name_what_was_not_assessed_and_what_had_no_value():
    coverage, unassessed, empty = applicant_view(case(), EN)["limits"]

    assert coverage.startswith("Known values carry 83.0%")
    assert "Trustworthiness" in unassessed
    assert "Cooperation history" in empty


def test_the_dictionary_shows_how_each_feature_is_distributed_and_a_dash_where_it_is_not_known():
    text = Page(PAGES["portfolio.en.html"]).text

    row = text[text.index("sv_current_ratio") :][:400]
    assert re.search(r"18\.4%\s+0\.61\s+1\.42\s+3\.10", row)
    assert re.search(r"manufacturing 22\.0%", text)


def test_every_source_says_for_how_many_applications_it_was_searched():
    text = Page(PAGES["portfolio.en.html"]).text

    assert re.search(r"court cases\s+95\.0%\s+5\.00%\s+\S", text)
    assert re.search(r"default history\s+100\.0%\s+0%\s+Past defaults, time-decayed", text)


def test_a_source_never_searched_is_not_one_that_was_searched_and_held_nothing():
    silent, searched = (
        {"feature": "ch_prior_default_decay", "value": value, "peer_median": 0.0, "window": "1825d", "unit": "index"}
        | {"compared_with": "C", "compared_median": 0.0}
        for value in (None, 0.0)
    )
    person = case()
    person["indicators"][0] |= {"assessed": True, "leading": {**silent, "points": 1.0}}

    said = applicant_view(person, EN)

    assert said["groups"][0]["rows"][0]["value"] == "not searched"
    assert any("not searched, which is not the same as nothing found: Credit history" in x for x in said["limits"])
    assert reason({**searched, "indicator": "credit_history", "points": 9.0}, EN) == (
        "Sound credit history: lower risk. Past defaults, time-decayed: none in period (past 5 years; peer median none in "
        "period); +9.0 points."
    )


def test_an_applicant_of_whom_little_is_known_still_has_a_page():
    person = case(requested_terms_days=None, is_new_customer=None, reasons_against=[], reasons_for=[], coverage=0.0)
    for row in person["indicators"]:
        row |= {"assessed": False, "percentile": None, "leading": None, "points": 0.0}
    for c in person["contributions"]:
        c |= {"assessed": False, "points": 0.0}
    person["points"] = person["base_points"]

    text = Page(render_applicant(committee_run(), person, "en")).text

    assert text.count("not assessed") >= len(CATALOGUE.indicators)
    assert text.count("None of five points or more.") == 2


def test_the_stage_writes_every_page_from_the_files_of_earlier_stages(tmp_path: Path):
    write(committee_run(), *(tmp_path / name for name in ("evaluate", "decide", "explain")))

    report(*(tmp_path / name for name in ("evaluate", "decide", "explain", "report")))

    written = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "report").glob("*.html")}
    assert written == PAGES
    assert sorted(p.name for p in (tmp_path / "report").glob("*.xlsx")) == sorted(TABLES)
    assert len(written) == 15


def test_an_earlier_stage_that_has_not_run_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"metrics\.json not found; run `dvc repro`"):
        report(tmp_path, tmp_path, tmp_path, tmp_path / "report")


def test_the_same_run_gives_the_same_bytes():
    assert render_all(committee_run()) == PAGES
