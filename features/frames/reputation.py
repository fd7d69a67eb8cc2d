"""What others say as known at as_of: events, reviews and answers of other suppliers; one row per application and each."""

from features.frames.verbs import events
from features.tables import REPUTATION_EVENTS, REVIEWS, TRADE_REFERENCES

STANDING = events(REPUTATION_EVENTS)
OPINIONS = events(REVIEWS)
REFERENCES = events(TRADE_REFERENCES)
