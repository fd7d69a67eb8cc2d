"""The charts: what they must say whatever the numbers, and that they never turn "not assessed" into zero."""

import itertools
import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dimensions import CATALOGUE
from pipelines import charts
from pipelines.charts import Axis, Band, Curve, Mark, Row
from pipelines.svg import Figure, element, ticks, words_width

SVG = "{http://www.w3.org/2000/svg}"
FIGURE = Figure(id="f", title="Points by dimension", about="Higher is better")
amounts = st.floats(-1e9, 1e9, allow_nan=False)


def drawn(markup: str) -> ET.Element:
    """Parse a drawing strictly, as XML."""
    return ET.fromstring(markup)


def words(root: ET.Element) -> list[str]:
    return [t.text or "" for t in root.iter(f"{SVG}text")]


def bars(root: ET.Element) -> list[ET.Element]:
    return list(root.iter(f"{SVG}rect"))


def row(label: str, value: float | None, *, total: bool = False) -> Row:
    return Row(label=label, value=value, words="not assessed" if value is None else f"{value:g}", total=total)


def waterfall_of(base: float, *changes: float | None) -> list[Row]:
    end = base + sum(c or 0.0 for c in changes)
    return [row("Base", base, total=True), *(row("Change", c) for c in changes), row("Score", end, total=True)]


def test_a_chart_has_a_name_and_a_description_for_those_who_cannot_see_it():
    root = drawn(charts.bar_chart(FIGURE, [row("Solvency", 2.0)]))

    named = [root.find(f"{SVG}{tag}") for tag in ("title", "desc")]

    assert root.get("role") == "img"
    assert [n.text for n in named] == ["Points by dimension", "Higher is better"]
    assert root.get("aria-labelledby") == " ".join(n.get("id") for n in named)


def test_text_from_data_cannot_become_markup():
    hostile = '<script>alert(1)</script> & "x" 客户'

    root = drawn(charts.bar_chart(Figure(id="f", title=hostile, about=hostile), [row(hostile, 1.0)]))

    assert hostile in words(root)
    assert not list(root.iter(f"{SVG}script"))


def test_an_attribute_from_data_cannot_close_its_quotes():
    assert '" onload="' not in element("rect", fill='red" onload="alert(1)')


def test_a_dimension_that_is_not_assessed_is_hatched_and_never_a_bar_of_zero():
    root = drawn(charts.bar_chart(FIGURE, [row("ESG", None), row("Solvency", 0.4)]))

    hatched, bar = bars(root)

    assert hatched.get("fill") == "url(#f-hatch)"
    assert bar.get("fill") == charts.ACCENT
    assert "not assessed" in words(root)
    assert "0" not in words(root)


def test_bars_are_as_long_as_their_values():
    root = drawn(charts.bar_chart(FIGURE, [row("a", 1.0), row("b", 4.0), row("c", 0.0)]))

    one, four, zero = (float(b.get("width")) for b in bars(root))

    assert four == pytest.approx(4 * one, rel=1e-3)
    assert zero == 0


def test_the_whisker_of_an_interval_spans_it_and_the_words_stand_beyond():
    chart = charts.bar_chart(FIGURE, [Row(label="a", value=4.0, words="40%", low=3.0, high=5.0)])

    root = drawn(chart)
    whisker = next(w for w in root.iter(f"{SVG}line") if w.get("stroke-width") == "1.5")
    x1, x2 = float(whisker.get("x1")), float(whisker.get("x2"))
    words_at = next(float(t.get("x")) for t in root.iter(f"{SVG}text") if t.text == "40%")

    assert (x1 - charts.LABELS) / (x2 - charts.LABELS) == pytest.approx(3 / 5, rel=1e-3)
    assert words_at > x2


@pytest.mark.parametrize("rows", [[], [row("a", None)], [row("a", 0.0)]])
def test_a_chart_of_nothing_is_still_a_chart(rows: list[Row]):
    assert drawn(charts.bar_chart(FIGURE, rows)).get("role") == "img"


def test_a_waterfall_of_points_ends_at_the_score():
    root = drawn(charts.waterfall(FIGURE, waterfall_of(588.0, 20.0, -12.0, None), from_zero=False))

    marks = [float(m.get("x1")) for m in root.iter(f"{SVG}line") if m.get("stroke-width") == "4"]
    rise, fall = [b for b in bars(root) if b.get("fill") == charts.ACCENT]
    scale = float(rise.get("width")) / 20

    assert marks[1] - marks[0] == pytest.approx(8 * scale, abs=0.05)
    assert float(fall.get("width")) == pytest.approx(12 * scale, abs=0.05)
    assert float(rise.get("x")) == pytest.approx(marks[0], abs=0.05)


def test_a_few_points_do_not_look_like_a_landslide():
    few, many = (drawn(charts.waterfall(FIGURE, waterfall_of(600.0, c), from_zero=False)) for c in (4.0, 40.0))

    small, large = (float(bars(root)[0].get("width")) for root in (few, many))

    assert small == pytest.approx(large / 10, rel=0.03)


def test_a_total_on_a_cut_axis_is_a_mark_and_not_a_bar_that_lies_about_its_length():
    rows = [row("Base", 588.0, total=True), row("Score", 588.0, total=True)]

    cut, whole = (drawn(charts.waterfall(FIGURE, rows, from_zero=z)) for z in (False, True))

    assert not bars(cut)
    assert len(bars(whole)) == 2


def test_a_dimension_that_is_not_assessed_leaves_the_level_where_it_was():
    with_gap = drawn(charts.waterfall(FIGURE, waterfall_of(600.0, 10.0, None, -4.0), from_zero=False))
    without = drawn(charts.waterfall(FIGURE, waterfall_of(600.0, 10.0, -4.0), from_zero=False))

    ends = [[m.get("x1") for m in r.iter(f"{SVG}line") if m.get("stroke-width") == "4"] for r in (with_gap, without)]

    # The words "not assessed" make the right margin wider, so positions are compared by order, not by pixel.
    assert all(float(a) < float(b) for a, b in ends)
    assert "url(#f-hatch)" in [b.get("fill") for b in bars(with_gap)]


@given(base=amounts, changes=st.lists(st.none() | amounts, max_size=8), from_zero=st.booleans())
def test_any_waterfall_is_well_formed_and_stays_on_the_page(base: float, changes: list[float | None], from_zero: bool):
    root = drawn(charts.waterfall(FIGURE, waterfall_of(base, *changes), from_zero=from_zero))

    for bar in bars(root):
        assert float(bar.get("width")) >= 0
        assert math.isfinite(float(bar.get("x")))


@given(values=st.lists(st.none() | st.floats(0, 1e12), max_size=10))
def test_any_bar_chart_is_well_formed_and_no_bar_leaves_the_page(values: list[float | None]):
    root = drawn(charts.bar_chart(FIGURE, [row("指标", v) for v in values]))

    assert all(float(b.get("x")) + float(b.get("width")) <= charts.WIDTH for b in bars(root))


def test_every_curve_is_named_in_the_legend_beside_the_plot():
    curves = [Curve(label=name, xy=[(0, 0), (1, 1)], colour="#000") for name in ("Model", "Altman Z''")]
    axis = charts.linear_axis("rate", 0, 1, lambda v: f"{v:.1f}")

    root = drawn(charts.xy_chart(FIGURE, axis, axis, curves))
    right = max(float(p.split(",")[0]) for line in root.iter(f"{SVG}polyline") for p in line.get("points").split())
    legend = {t.text: float(t.get("x")) for t in root.iter(f"{SVG}text") if t.text in ("Model", "Altman Z''")}

    assert set(legend) == {"Model", "Altman Z''"}
    assert all(x > right for x in legend.values())


def test_the_first_curve_is_drawn_last_so_that_it_lies_on_top():
    curves = [Curve(label=c, xy=[(0, 0), (1, 1)], colour=c) for c in ("red", "blue")]
    axis = charts.linear_axis("", 0, 1, str)

    root = drawn(charts.xy_chart(FIGURE, axis, axis, curves))

    assert [p.get("stroke") for p in root.iter(f"{SVG}polyline")] == ["blue", "red"]


def test_a_bin_without_defaults_stands_on_the_edge_of_a_logarithmic_axis():
    axis = charts.log_axis("PD", 0.001, 0.2, lambda v: f"{v:g}")

    root = drawn(
        charts.xy_chart(FIGURE, axis, axis, [], [Mark(x=0.002, y=0.0, low=0.0, high=0.01), Mark(x=0.1, y=0.001)])
    )
    zero, low = [float(c.get("cy")) for c in root.iter(f"{SVG}circle")]

    assert zero == low


@pytest.mark.parametrize(("low", "high"), [(0.001, 0.2), (0.0031, 0.0031), (1e-6, 1.0), (0.4, 1.0)])
def test_a_logarithmic_axis_covers_what_it_was_asked_for(low: float, high: float):
    axis = charts.log_axis("PD", low, high, str)

    assert axis.low <= low * 1.001
    assert axis.high >= high * 0.999
    assert axis.place(0, 100)(axis.low) == 0
    assert axis.place(0, 100)(axis.high) == pytest.approx(100)


def test_an_axis_without_width_is_widened_so_that_a_constant_can_be_drawn():
    axis = charts.linear_axis("x", 5, 5, str)

    assert axis.place(0, 10)(5) == 0
    assert axis.high > axis.low


@given(low=amounts, width=st.floats(1e-6, 1e9), about=st.integers(2, 8))
def test_ticks_are_round_ordered_and_inside(low: float, width: float, about: int):
    high = low + width

    found = ticks(low, high, about)

    slack = width * 1e-6 + abs(low) * 1e-9
    assert all(low - slack <= t <= high + slack for t in found)
    assert all(b >= a for a, b in itertools.pairwise(found))
    assert len(found) <= about + 2


def test_goods_stand_above_the_axis_and_defaults_below():
    bands = [Band(low=580, high=600, above=0.2, below=0.6), Band(low=600, high=620, above=0.8, below=0.4)]

    root = drawn(charts.mirrored_histogram(FIGURE, bands, "goods", "defaults", "Points"))
    above, below = bars(root)[0::2], bars(root)[1::2]

    assert all(float(a.get("y")) + float(a.get("height")) <= float(b.get("y")) for a in above for b in below)
    assert float(above[1].get("height")) == pytest.approx(4 * float(above[0].get("height")), rel=1e-2)


@pytest.mark.parametrize(("points", "side"), [(-8.0, "left"), (8.0, "right")])
def test_points_that_raise_risk_point_left_and_those_that_lower_it_right(points: float, side: str):
    bar = ET.fromstring(charts.points_bar(points, 10.0, "#000")).find("rect")

    x, width = float(bar.get("x")), float(bar.get("width"))

    assert width == pytest.approx(32)
    assert (x + width <= 40) if side == "left" else (x >= 40)


@pytest.mark.parametrize("largest", [0.0, 1.0])
def test_a_small_bar_of_nothing_has_no_length_and_none_is_longer_than_its_box(largest: float):
    assert 'width="0"' in charts.points_bar(0.0, largest, "#000")
    assert 'width="0"' in charts.share_bar(0.0, largest, "#000")
    assert 'width="40"' in charts.points_bar(99.0, 1.0, "#000")


def test_the_grade_scale_marks_one_grade_and_the_admission_line():
    root = drawn(charts.grade_scale(FIGURE, ["R1", "R2", "R3"], "R3", "R2", "admission line"))

    filled = [i for i, b in enumerate(bars(root)) if b.get("fill") == charts.ACCENT]
    line = next(iter(root.iter(f"{SVG}line")))

    assert filled == [2]
    assert float(bars(root)[1].get("x")) < float(line.get("x1")) < float(bars(root)[2].get("x")) + 2


def test_every_dimension_has_its_own_colour():
    assert set(charts.DIMENSION_COLOURS) == {d.id for d in CATALOGUE.dimensions}
    assert len(set(charts.DIMENSION_COLOURS.values())) == len(CATALOGUE.dimensions)


def test_chinese_characters_are_measured_as_squares():
    assert words_width("违约", 10) == 20
    assert words_width("PD", 10) < 20


def test_equal_input_draws_equal_bytes():
    axis = Axis(name="x", low=0, high=1, marks=[(0, "0"), (1, "1")])
    curves = [Curve(label="Model", xy=[(0, 0), (1 / 3, 0.7), (1, 1)], colour="#000")]

    assert charts.xy_chart(FIGURE, axis, axis, curves) == charts.xy_chart(FIGURE, axis, axis, curves)
