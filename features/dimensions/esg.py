"""Dimension 7, ESG (环境社会治理): environment, social responsibility, governance."""

from features.catalogue import Dimension, Indicator

ENVIRONMENT = Indicator(
    id="environment",
    code="ES01",
    en="Environment",
    zh="环境保护",
    stance="explicit",
    good_en="Good environmental record",
    good_zh="环境保护表现良好",
    bad_en="Weak environmental record",
    bad_zh="环境保护表现较差",
)

SOCIAL_RESPONSIBILITY = Indicator(
    id="social_responsibility",
    code="ES02",
    en="Social responsibility",
    zh="社会责任",
    stance="explicit",
    good_en="Good social responsibility",
    good_zh="社会责任表现良好",
    bad_en="Weak social responsibility",
    bad_zh="社会责任表现较差",
)

GOVERNANCE = Indicator(
    id="governance",
    code="ES03",
    en="Corporate governance",
    zh="公司治理",
    stance="explicit",
    good_en="Good corporate governance",
    good_zh="公司治理水平较高",
    bad_en="Weak corporate governance",
    bad_zh="公司治理水平较差",
)

ESG = Dimension(
    id="esg",
    en="ESG",
    zh="环境社会治理(ESG)",
    indicators=(
        ENVIRONMENT,
        SOCIAL_RESPONSIBILITY,
        GOVERNANCE,
    ),
)
