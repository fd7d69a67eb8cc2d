"""The seven dimensions of customer admission and the context, one module each; together the catalogue."""

from features.catalogue import Catalogue
from features.dimensions.business_stability import BUSINESS_STABILITY
from features.dimensions.context import CONTEXT
from features.dimensions.credit_score import CREDIT_SCORE
from features.dimensions.esg import ESG
from features.dimensions.financial_condition import FINANCIAL_CONDITION
from features.dimensions.industry_reputation import INDUSTRY_REPUTATION
from features.dimensions.legal_compliance import LEGAL_COMPLIANCE
from features.dimensions.operational_capability import OPERATIONAL_CAPABILITY

CATALOGUE = Catalogue(
    (
        CREDIT_SCORE,
        FINANCIAL_CONDITION,
        BUSINESS_STABILITY,
        LEGAL_COMPLIANCE,
        INDUSTRY_REPUTATION,
        OPERATIONAL_CAPABILITY,
        ESG,
        CONTEXT,
    )
)
"""Every dimension, indicator and feature of the project, in the order of the source article."""
