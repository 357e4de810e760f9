"""How one item's units are spread over several counters, so that many orders can be served at once.

A record of a database can be changed only so many times a second, and the orders for an item whose
units are in one place can come no faster. Counters are numbered from zero. How they are stored is
in `adapters/stock_counters.py`, and why it is so in docs/adr/0019.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

type Units = Mapping[int, int]
"""Units by the counter's number; counters without any are left out."""


def first_counter(order_id: str, counters: int) -> int:
    """Return the counter that an order turns to first, whenever it is tried again."""
    return crc32(order_id.encode()) % counters


def spread(units: int, counters: int) -> Sequence[int]:
    """Return what each counter gets of some units, as evenly as they can be spread.

    Examples
    --------
    >>> spread(10, 4)
    [3, 3, 2, 2]
    """
    each, more = divmod(units, counters)
    return [each + (number < more) for number in range(counters)]


def take(units: int, available: Sequence[int], first: int) -> Units | None:
    """Return from which counters units are taken; None if all of them together have too few.

    The first counter that has enough gives all, beginning with `first` and going round. Where none
    has, as few as possible give what they have.

    Examples
    --------
    >>> take(3, [9, 0, 2, 5], first=1)
    {3: 3}
    >>> take(6, [1, 0, 2, 5], first=1)
    {3: 5, 2: 1}
    """
    if sum(available) < units:
        return None
    in_turn = [(first + step) % len(available) for step in range(len(available))]
    for number in in_turn:
        if available[number] >= units:
            return {number: units}
    taken: dict[int, int] = {}
    for number in sorted(in_turn, key=lambda number: -available[number]):
        taken[number] = min(available[number], units)
        units -= taken[number]
        if not units:
            break
    return taken


def give_back(units: int, taken: Units, already: int = 0) -> Units:
    """Return where units go that were taken before: each to where it came from.

    Parameters
    ----------
    units
        What comes back now.
    taken
        From where it was taken.
    already
        How many of these came back before.

    Examples
    --------
    >>> give_back(3, {0: 2, 3: 4}, already=1)
    {0: 1, 3: 2}
    """
    back: dict[int, int] = {}
    for number, count in sorted(taken.items()):
        there = min(already, count)
        already -= there
        if part := min(units, count - there):
            back[number] = part
            units -= part
    if units:  # More than was taken: they are there all the same.
        first = min(taken)
        back[first] = back.get(first, 0) + units
    return back


def fold(units: Units, counters: int) -> Units:
    """Return where units go that belong to counters of which there may be fewer now."""
    folded: dict[int, int] = {}
    for number, count in units.items():
        folded[number % counters] = folded.get(number % counters, 0) + count
    return folded


def adjust(available: Sequence[int], delta: int) -> Units:
    """Return what is added to each counter, or taken away from it, to change their sum by `delta`.

    The emptiest get what is added, and the fullest give what is taken away, so that they become
    more alike. None falls below zero while the sum does not.

    Examples
    --------
    >>> adjust([0, 4, 9], 7)
    {0: 6, 1: 1}
    >>> adjust([0, 4, 9], -7)
    {2: -6, 1: -1}
    """
    sign = -1 if delta < 0 else 1
    by_need = sorted(range(len(available)), key=lambda number: sign * available[number])
    levels = [sign * available[number] for number in by_need]
    units = abs(delta)
    # The most counters that can be brought to the level of the last of them.
    served = max(
        count
        for count in range(1, len(levels) + 1)
        if levels[count - 1] * count - sum(levels[:count]) <= units
    )
    level, more = divmod(units + sum(levels[:served]), served)
    parts = {
        number: sign * (level + (place < more) - levels[place])
        for place, number in enumerate(by_need[:served])
    }
    return {number: part for number, part in parts.items() if part}
