"""Ports for servers of tests: free, and no other test's."""

import os
import random
import socket

PORTS_OF_A_PROCESS = 1_000


def free_ports(count: int) -> range:
    """Return ports in a row that are free.

    They are below those that a system gives to connections, or one may be taken before it is used;
    and tests that run in several processes (pytest-xdist) find them in different places.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    lowest = 20_000 + process % 10 * PORTS_OF_A_PROCESS
    firsts = range(lowest, lowest + PORTS_OF_A_PROCESS - count, count)
    first = next(
        port
        for port in random.sample(firsts, len(firsts))
        if all(_is_free(each) for each in range(port, port + count))
    )
    return range(first, first + count)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
