"""Work on batches side by side, results in order, and never more than a few batches in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def side_by_side(work: Callable[[In], Out], batches: Iterable[In], threads: int) -> Iterator[Out]:
    """Yield the result of the work on each batch, in order; `threads` at work and as many waiting at most."""
    if threads == 1:
        yield from map(work, batches)
        return
    source = iter(batches)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Out]] = deque(pool.submit(work, batch) for batch in islice(source, threads + 1))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(work, batch) for batch in islice(source, 1))
