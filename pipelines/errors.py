"""The one error that is the user's to mend."""


class InputError(Exception):
    """Unusable input: says what, where, what was expected and what to do."""
