"""Functions compiled by numba on their first call, kept for the next process where a place to keep them can be found."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function of arrays that holds no lock on the interpreter, so that threads run it side by side.

    Numba keeps the result beside the source or, where that is read-only, in the user's cache folder. Where neither can be
    written it refuses the whole function; then every process compiles for itself, a few seconds.
    """
    try:
        return cast(F, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:
        return cast(F, numba.njit(nogil=True)(function))
