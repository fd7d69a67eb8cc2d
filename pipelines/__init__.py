"""The only place that touches the world: one module a stage or command, each a thin shell."""

import os

# Both are read when lightgbm and mlflow are first imported, so they must be set before: busy OpenMP threads spin away most of
# the time on few cores, and nobody asked for telemetry.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
