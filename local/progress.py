"""What a person at the terminal sees of the steps that take more than a moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done, and how long it took once it is."""
    print(f"{what} …", flush=True)
    started = time.monotonic()
    yield
    print(f"{what}: done in {time.monotonic() - started:.1f} s", flush=True)
