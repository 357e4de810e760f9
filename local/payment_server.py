"""Start localstripe, a Stripe-compatible server, on one address and with nothing kept on disk.

Its own command listens on every interface and shares one file in /tmp with every other copy.
Runs in the payment server's environment: `payment_server.py HOST PORT`.
"""

import sys

from aiohttp import web  # type: ignore[import-not-found]  # of the server's environment
from localstripe import resources, server  # type: ignore[import-not-found]


def main() -> None:
    """Serve until stopped."""
    resources.Store.dump_to_disk = lambda _store: None
    web.run_app(server.app, host=sys.argv[1], port=int(sys.argv[2]))


if __name__ == "__main__":
    main()
