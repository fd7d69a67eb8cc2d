"""How much is known of an application at all: its frame is the other features themselves."""

from features.catalogue import Frame

EVIDENCE = Frame(name="evidence", reads=("applications",), grain="features", view=lambda features, _: features)
"""One row an application with every other feature, and `assessed` of `assessable` admission indicators."""
