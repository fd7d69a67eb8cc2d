import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics.checks import NotEstimable
from models.metrics.decisions import decisions_at_cut_offs, share_of_bads_in

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 9), st.integers(0, 1000), st.integers(-5, 100)), min_size=1, max_size=30
)
CUT_OFFS = [0.5, 0.1, 0.95]


@given(ROWS)
def test_a_cut_off_approves_everyone_up_to_it_and_earns_and_loses_what_they_do(
    rows: list[tuple[int, int, int, int]],
) -> None:
    bad, tenths, exposure, margin = (np.array(column) for column in zip(*rows, strict=True))
    pds = tenths / 10

    table = decisions_at_cut_offs(bad, pds, CUT_OFFS, exposure=exposure, margin=margin, loss_given_default=0.45)

    assert table["cut_off"].tolist() == CUT_OFFS
    for row in table.itertuples():
        chosen = pds <= row.cut_off
        assert row.approved == chosen.sum()
        assert row.approval_rate == chosen.mean()
        assert row.bad_rate == pytest.approx(bad[chosen].mean() if chosen.any() else np.nan, nan_ok=True)
        declined = bad[~chosen].sum() / bad.sum() if bad.any() else np.nan
        assert row.bads_declined == pytest.approx(declined, nan_ok=True)
        assert row.expected_loss == pytest.approx((pds * 0.45 * exposure)[chosen].sum())
        assert row.loss == pytest.approx(0.45 * exposure[chosen & (bad == 1)].sum())
        assert row.profit == pytest.approx(margin[chosen & (bad == 0)].sum() - row.loss)


def test_a_perfect_model_earns_all_the_margins_and_loses_nothing() -> None:
    table = decisions_at_cut_offs(
        [0, 0, 1], [0.01, 0.02, 0.9], [0.5], exposure=[100, 100, 100], margin=[8, 8, 8], loss_given_default=0.45
    )

    assert table.loc[0, ["bad_rate", "bads_declined", "loss", "profit"]].tolist() == [0, 1, 0, 16]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"exposure": [1, -1]}, "exposures must not be negative; the first is at row 1"),
        ({"exposure": [1]}, "got 1 exposures, 0 of them missing or infinite, for 2 rows"),
        ({"margin": [1, None]}, "got 2 margins, 1 of them missing or infinite, for 2 rows"),
        ({"loss_given_default": 45}, r"share in \[0, 1\], such as 0.45; got 45"),
        ({"cut_offs": [3.3]}, "divide by 100"),
    ],
)
def test_amounts_and_cut_offs_that_make_no_sense_are_refused(changed: dict[str, object], message: str) -> None:
    sound = {"cut_offs": [0.1], "exposure": [1, 1], "margin": [1, 1], "loss_given_default": 0.45}

    with pytest.raises(ValueError, match=message):
        decisions_at_cut_offs([0, 1], [0.1, 0.2], **{**sound, **changed})


def test_no_rows_have_no_decisions() -> None:
    with pytest.raises(NotEstimable, match="decision table needs at least one row"):
        decisions_at_cut_offs([], [], [0.1], exposure=[], margin=[], loss_given_default=0.45)


def test_the_riskiest_grades_hold_their_share_of_the_bads() -> None:
    assert share_of_bads_in({"R9", "R10"}, ["R1", "R9", "R10", "R10", "R5"], [1, 1, 0, 1, 1]) == 0.5


def test_a_portfolio_without_bads_has_no_share_of_them() -> None:
    with pytest.raises(NotEstimable, match="share of bads in R10 needs bads; got 2 goods"):
        share_of_bads_in(["R10"], ["R1", "R10"], [0, 0])


@pytest.mark.parametrize(("grade", "defaulted"), [(["R1", None], [0, 1]), (["R1", "R2"], [0, None]), (["R1"], [0, 1])])
def test_a_customer_without_grade_or_outcome_is_refused(grade: list[str], defaulted: list[int]) -> None:
    with pytest.raises(ValueError, match="pass both for every row"):
        share_of_bads_in(["R10"], grade, defaulted)
