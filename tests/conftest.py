"""One Hypothesis profile for all tests: no deadline on a shared machine; the same examples every time under CI."""

import os

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("everywhere", deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "everywhere")
