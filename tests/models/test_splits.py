from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.splits import (
    SplitDates,
    choose_dates,
    out_of_sample,
    out_of_time,
    sample_weights,
    seen_in_development,
    thin_applications,
)


def days(*dates: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(dates)))


def dates(until: str, test_from: str, **more: int | None) -> SplitDates:
    return SplitDates(development_until=pd.Timestamp(until), out_of_time_from=pd.Timestamp(test_from), **more)


def test_applications_fall_into_development_gap_and_out_of_time_with_both_dates_included():
    as_of = days("2021-12-30", "2021-12-31", "2022-01-01", "2023-02-13", "2023-02-14", "2024-01-01")

    split = out_of_time(as_of, dates("2021-12-31", "2023-02-14"))

    assert split.tolist() == ["development", "development", "gap", "gap", "out_of_time", "out_of_time"]


def test_an_application_in_the_afternoon_belongs_to_its_day():
    as_of = pd.Series(pd.to_datetime(["2021-12-31 15:30", "2023-02-14 08:00"]))

    assert out_of_time(as_of, dates("2021-12-31", "2023-02-14")).tolist() == ["development", "out_of_time"]


def test_labels_must_be_known_when_out_of_time_begins():
    strict = dates("2021-12-31", "2023-02-14")

    assert not strict.labels_overlap
    with pytest.raises(ValueError, match=r"2023-02-13 is 409 days after .*2021-12-31, but 410 must lie .*gap_days"):
        dates("2021-12-31", "2023-02-13")


def test_a_short_history_may_state_no_gap_and_then_owns_up_to_overlapping_labels():
    short = dates("2021-12-31", "2022-01-01", gap_days=0)

    assert short.labels_overlap
    assert set(out_of_time(days("2021-12-31", "2022-01-01"), short)) == {"development", "out_of_time"}


def test_no_day_can_be_in_both_parts():
    with pytest.raises(ValueError, match="is 0 days after"):
        dates("2021-12-31", "2021-12-31", gap_days=0)


def test_a_part_without_applications_is_refused_with_the_range_of_the_data():
    with pytest.raises(
        ValueError, match=r"no application falls into out_of_time: as_of runs from 2020-01-01 to 2020-06-30"
    ):
        out_of_time(days("2020-01-01", "2020-06-30"), dates("2021-12-31", "2023-02-14"))


def test_chosen_dates_put_the_last_quarter_out_of_time():
    as_of = pd.Series(pd.date_range("2018-01-01", periods=2000, freq="D")).sample(frac=1, random_state=0)

    chosen = choose_dates(as_of)

    split = out_of_time(as_of, chosen)
    assert (split == "out_of_time").mean() == 0.25
    assert (split == "gap").sum() == 409
    assert not chosen.labels_overlap


def leaves_development(drawn: list[date]) -> bool:
    return sorted(drawn)[int(0.75 * len(drawn))] > min(drawn)


@given(st.lists(st.dates(date(2015, 1, 1), date(2024, 12, 31)), min_size=2, max_size=60).filter(leaves_development))
def test_chosen_dates_never_leave_a_part_empty_or_a_smaller_share_than_asked(drawn):
    as_of = pd.Series(pd.to_datetime(drawn))

    split = out_of_time(as_of, choose_dates(as_of, gap_days=0))

    assert (split == "out_of_time").mean() >= 0.25
    assert not (split == "gap").any()


def test_data_of_one_date_cannot_be_split_by_time():
    with pytest.raises(ValueError, match=r"first application is of 2005-09-30.*hold out whole customers"):
        choose_dates(days(*["2005-09-30"] * 8), gap_days=0)


@pytest.mark.parametrize("share", [0.0, 1.0, 25.0])
def test_a_share_in_percent_is_refused_with_advice(share):
    with pytest.raises(ValueError, match="divide by 100"):
        choose_dates(days("2020-01-01", "2021-01-01"), share=share)
    with pytest.raises(ValueError, match="divide by 100"):
        out_of_sample(pd.Series([1, 2]), share=share, seed=0)


def test_an_application_without_a_date_is_refused():
    with pytest.raises(ValueError, match="1 of 2 applications have no as_of"):
        choose_dates(pd.Series([pd.Timestamp("2020-01-01"), pd.NaT]))


def no_group_is_half_of_all(drawn: list[int]) -> bool:
    return 2 * max(drawn.count(group) for group in drawn) <= len(drawn)


@given(st.lists(st.integers(0, 12), min_size=4, max_size=80).filter(no_group_is_half_of_all), st.integers(0, 99))
def test_a_customer_is_never_on_both_sides_of_a_random_split(drawn, seed):
    customer = pd.Series(drawn)

    split = out_of_sample(customer, seed=seed)

    assert (split.groupby(customer).nunique() == 1).all()
    assert (split == "out_of_sample").mean() >= 0.25
    assert not seen_in_development(split, customer).any()


def test_a_random_split_depends_on_the_seed_and_not_on_the_order_of_rows():
    customer = pd.Series(np.arange(400) // 3)
    shuffled = customer.sample(frac=1, random_state=0)

    split = out_of_sample(customer, seed=1)

    pd.testing.assert_series_equal(out_of_sample(shuffled, seed=1).sort_index(), split)
    assert (out_of_sample(customer, seed=2) != split).any()
    assert (split == "out_of_sample").mean() == pytest.approx(0.25, abs=0.01)


def test_one_group_cannot_be_held_out():
    with pytest.raises(ValueError, match="takes all 1 groups"):
        out_of_sample(pd.Series(["集团"] * 5), seed=0)


def test_a_customer_known_from_development_is_flagged_out_of_time():
    split = pd.Series(["development", "gap", "out_of_time", "out_of_time"])

    seen = seen_in_development(split, pd.Series(["甲", "甲", "甲", "乙"]))

    assert seen.tolist() == [False, True, True, False]


def test_an_application_is_measured_against_the_last_one_kept_and_not_the_last_one_made():
    as_of = days("2024-01-01", "2024-03-01", "2024-03-31", "2024-04-01", "2024-06-30")

    keep = thin_applications(as_of, pd.Series(["甲"] * 5))

    # 60 and exactly 90 days after the first are dropped; 91 days after it is kept; 90 days after that is dropped
    assert keep.tolist() == [True, False, False, True, False]


def test_one_customers_applications_do_not_thin_anothers():
    keep = thin_applications(days("2024-01-02", "2024-01-01", "2024-01-01"), pd.Series(["乙", "甲", "丙"]))

    assert keep.all()


def test_of_two_applications_on_one_day_the_first_row_is_kept():
    keep = thin_applications(days("2024-01-01", "2024-01-01"), pd.Series(["甲", "甲"]), days=0)

    assert keep.tolist() == [True, False]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400)), min_size=1, max_size=60), st.integers(0, 120))
def test_thinning_follows_the_rule_applied_one_application_at_a_time(applications, gap):
    frame = pd.DataFrame(applications, columns=["customer", "day"], index=range(100, 100 + len(applications)))
    as_of = pd.Timestamp("2020-01-01") + pd.to_timedelta(frame["day"], unit="D")
    last_kept: dict[int, int] = {}
    expected = pd.Series(False, index=frame.index)
    for row in frame.sort_values("day", kind="stable").itertuples():
        if row.customer not in last_kept or row.day - last_kept[row.customer] > gap:
            expected[row.Index], last_kept[row.customer] = True, row.day

    keep = thin_applications(as_of, frame["customer"], days=gap)

    assert keep.tolist() == expected.tolist()


def test_bads_of_one_default_share_it_and_goods_of_one_year_share_the_year():
    as_of = days("2023-01-10", "2023-06-10", "2024-02-01", "2022-03-01", "2022-09-01", "2022-05-05")
    default = pd.Series(pd.to_datetime(["2023-12-01", "2023-12-01", None, None, None, None]))
    customer = pd.Series(["甲", "甲", "甲", "甲", "甲", "乙"])

    weight = sample_weights(as_of, customer, default)

    assert weight.tolist() == [1 / 2, 1 / 2, 1, 1 / 2, 1 / 2, 1]


def test_a_bad_shares_a_default_with_every_window_that_contains_it_though_labelled_by_another():
    as_of = days("2023-01-01", "2023-06-01")
    default = pd.Series(
        pd.to_datetime(["2023-03-01", "2023-12-01"])
    )  # the first window also contains the second default

    weight = sample_weights(as_of, pd.Series(["甲", "甲"]), default)

    assert weight.tolist() == [1, 1 / 2]


@pytest.mark.parametrize(
    ("other_application", "share"),
    [("2023-01-01", 1 / 2), ("2023-12-31", 1 / 2), ("2022-12-31", 1), ("2024-01-01", 1)],
)
def test_the_window_begins_after_as_of_and_includes_its_last_day(other_application, share):
    as_of = days("2023-06-01", other_application)
    default = pd.Series(pd.to_datetime(["2024-01-01", None]))

    weight = sample_weights(as_of, pd.Series(["甲", "甲"]), default, performance_days=365)

    assert weight[0] == share


def test_a_default_outside_the_performance_window_is_refused_with_its_row():
    with pytest.raises(ValueError, match=r"1 default dates lie outside .*2025-01-02 for as_of 2023-01-01, row 7"):
        sample_weights(
            pd.Series(pd.Timestamp("2023-01-01"), index=[7]),
            pd.Series("甲", index=[7]),
            pd.Series(pd.Timestamp("2025-01-02"), index=[7]),
        )
