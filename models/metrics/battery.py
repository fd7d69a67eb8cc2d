"""The validation battery: every check declared once, with its names, figure, range, direction, verdict bands and sources.

Checks of many tests at once (grades, features, segments) judge the worst of them, p-values adjusted for their number; the
tables behind them tell the rest. Intervals (V02) belong to the figures of `METRICS`: `delong_interval`, `cluster_bootstrap`.
V26 to V28 are no statistics of scores and outcomes: `battery_proofs`. V29 to V31 live with what they check.
"""

from models.metrics.battery_grades import GRADES, STABILITY
from models.metrics.battery_scores import CALIBRATION, DISCRIMINATION

CHECKS = {check.id: check for check in (*DISCRIMINATION, *CALIBRATION, *GRADES, *STABILITY)}
