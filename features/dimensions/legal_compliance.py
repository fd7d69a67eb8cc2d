"""Dimension 4, legal compliance (法律合规性): litigation and compliance."""

from features.catalogue import Dimension, Indicator

LITIGATION = Indicator(
    id="litigation",
    code="LC01",
    en="Litigation",
    zh="法律诉讼",
    stance="explicit",
    good_en="Little litigation",
    good_zh="法律诉讼较少",
    bad_en="More litigation",
    bad_zh="法律诉讼较多",
)

COMPLIANCE = Indicator(
    id="compliance",
    code="LC02",
    en="Compliance",
    zh="合规情况",
    stance="explicit",
    good_en="Good compliance",
    good_zh="合规情况良好",
    bad_en="Weak compliance",
    bad_zh="合规情况较差",
)

LEGAL_COMPLIANCE = Dimension(
    id="legal_compliance",
    en="Legal compliance",
    zh="法律合规性",
    indicators=(
        LITIGATION,
        COMPLIANCE,
    ),
)
