"""Waiting for what happens by itself: by condition, with a deadline."""

import time
from collections.abc import Callable

import pytest

PAUSE = 0.1


def wait_for[T](
    look: Callable[[], T], is_there: Callable[[T], bool], what: str, *, within: float = 60
) -> T:
    """Look again and again, and return what is seen once it is there.

    Parameters
    ----------
    look
        Looks at the thing that changes.
    is_there
        Tells whether what was seen is what is waited for.
    what
        What is waited for, for the failure's text.
    within
        Seconds. The default leaves room for functions that start cold and for some retries.
    """
    deadline = time.monotonic() + within
    while not is_there(seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"not seen within {within:.0f} s: {what}. Seen last: {seen}")
        time.sleep(PAUSE)
    return seen
