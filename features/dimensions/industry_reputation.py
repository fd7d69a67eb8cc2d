"""Dimension 5, industry reputation (行业信誉): industry standing and trustworthiness."""

from features.catalogue import Dimension, Indicator

INDUSTRY_STANDING = Indicator(
    id="industry_standing",
    code="IR01",
    en="Industry standing",
    zh="行业声誉",
    stance="explicit",
    good_en="Good industry standing",
    good_zh="行业声誉较好",
    bad_en="Weak industry standing",
    bad_zh="行业声誉较差",
)

TRUSTWORTHINESS = Indicator(
    id="trustworthiness",
    code="IR02",
    en="Trustworthiness",
    zh="信誉情况",
    stance="explicit",
    good_en="Good trustworthiness",
    good_zh="信誉情况较好",
    bad_en="Weak trustworthiness",
    bad_zh="信誉情况较差",
)

INDUSTRY_REPUTATION = Dimension(
    id="industry_reputation",
    en="Industry reputation",
    zh="行业信誉",
    indicators=(
        INDUSTRY_STANDING,
        TRUSTWORTHINESS,
    ),
)
