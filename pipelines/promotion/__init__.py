"""Promotion of a recorded run: the gates it must pass, and the log of who approved what and why."""
