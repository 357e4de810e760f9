"""Start localstripe, a Stripe-compatible server, on one address and with nothing kept on disk.

Its own command listens on every interface and shares one file in /tmp with every other copy, and
its list of payment intents knows no filter by time.
Runs in the payment server's environment: `payment_server.py HOST PORT`.
"""

import sys
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from localstripe import resources, server  # type: ignore[import-not-found]


def list_by_time(
    kind: Any, url: str, /, *, created: Mapping[str, str] | None = None, **options: Any
) -> Any:
    """List payment intents as Stripe does: newest first, made from `gte` to before `lt`."""
    listed = super(resources.PaymentIntent, kind)._api_list_all(url, **options)
    span = created or {}
    listed._list = [  # noqa: SLF001
        intent
        for intent in reversed(listed._list)  # noqa: SLF001
        if int(span.get("gte", 0)) <= intent.created < int(span.get("lt", sys.maxsize))
    ]
    return listed


def main() -> None:
    """Serve until stopped."""
    resources.Store.dump_to_disk = lambda _store: None
    resources.PaymentIntent._api_list_all = classmethod(list_by_time)  # noqa: SLF001
    web.run_app(server.app, host=sys.argv[1], port=int(sys.argv[2]))


if __name__ == "__main__":
    main()
