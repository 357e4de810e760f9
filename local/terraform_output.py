"""Picks what a person wants to see out of all that the CDKTF CLI prints."""

import re
import time
from collections import Counter

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
STACK = re.compile(r"([a-z]+)  ")
PLAN = re.compile(r"Plan: (\d+) to add, (\d+) to change, (\d+) to destroy")
FINISHED = re.compile(r": (Creation|Modifications|Destruction) complete")

# How often a person is told how far it is.
EVERY_SECONDS = 10


class TerraformProgress:
    """Turns the output of `cdktf deploy` and `cdktf destroy` into a few lines."""

    def __init__(self) -> None:
        self._stack = ""
        self._planned: dict[str, int] = {}
        self._finished: Counter[str] = Counter()
        self._told = time.monotonic()

    def see(self, line: str) -> None:
        """Take one line of the CLI's output and print what is worth printing."""
        text = COLOUR.sub("", line)
        # A line without a stack's name continues what that stack said before.
        if named := STACK.match(text):
            self._stack = named[1]
        if plan := PLAN.search(text):
            self._planned[self._stack] = sum(int(number) for number in plan.groups())
            print(f"  {self._stack}: {plan[0].removeprefix('Plan: ')}", flush=True)
        if FINISHED.search(text):
            self._finished[self._stack] += 1
        if self._stack in self._planned and time.monotonic() - self._told >= EVERY_SECONDS:
            self._told = time.monotonic()
            done, planned = self._finished[self._stack], self._planned[self._stack]
            print(f"  {self._stack}: {done} of {planned} done", flush=True)
