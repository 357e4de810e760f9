"""The pictures of `orderctl` in the documentation, drawn from what it really prints.

`python -m tests.e2e.pictures` drives some orders through the local deployment, runs the commands,
and writes what they printed as SVG, colours and all.
"""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import IO

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.e2e.deployment import Deployment
from tests.e2e.orderctl import ROOT, command, orderctl
from tests.e2e.shop import Item, Shop
from tests.e2e.waiting import wait_for

PICTURES = ROOT / "docs/pictures"
COLUMNS, LINES = 118, 40

# The reader's own monospaced font: a picture fetches nothing from anywhere.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "DejaVu Sans Mono, Menlo, Consolas"
)
_ASPECT_RATIO = 0.602
"""Of DejaVu Sans Mono and Menlo: so that columns stand where they should, whatever draws them."""

# What a live display writes before it draws a frame over the one before.
_NEW_FRAME = re.compile(r"\r\x1b\[2K(?:\x1b\[1A\x1b\[2K)*")


def main() -> None:
    """Write docs/pictures/orderctl-show.svg and orderctl-watch.svg."""
    PICTURES.mkdir(exist_ok=True)
    # A watch is ended by Ctrl-C, also where a shell has this program, and so the watch, ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    shop = Shop(Deployment.read())
    if shop.everything_stored():
        sys.exit(
            "error: there are orders already, which a watch would show: `make local-down` first"
        )
    try:
        items = {name: item_for_sale(shop, name, price) for name, price in WARES.items()}
        order_id = order_with_a_story(shop, items)
        draw("orderctl-show", f"orderctl show {order_id}", run(shop, "show", order_id))
        draw("orderctl-watch", "orderctl watch", watch(shop, items))
    finally:
        shop.close()


WARES = {"TEA-POT": 29.99, "TEA-SET": 49.99, "KETTLE": 35.00}


def item_for_sale(shop: Shop, name: str, price: float) -> Item:
    done = orderctl(
        shop.deployment, "stock", "set", name, "--name", name.title().replace("-", " "),
        "--price", f"{price:.2f}", "--available", "50", "--yes",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Item(name, price, "GBP")


def place(shop: Shop, *lines: tuple[Item, int]) -> str:
    number = shop.new_id("").strip("-")
    request = shop.order(*lines, orderId=f"ORD-{number}", customerId=f"CUST-{number}")
    return shop.place(request, shows="drawn")


def order_with_a_story(shop: Shop, items: dict[str, Item]) -> str:
    """Sell something, send it in two parcels, and take a part of it back."""
    order_id = place(shop, (items["TEA-POT"], 2), (items["TEA-SET"], 1))
    shop.until(order_id, "CONFIRMED")
    assert shop.ship(order_id, "parcel-1", [(items["TEA-POT"], 2)]).is_success
    shop.until_event(order_id, "PaymentCaptured")
    assert shop.deliver(order_id, "parcel-1").is_success
    assert shop.ship(order_id, "parcel-2").is_success
    lines = [{"itemId": "TEA-POT", "quantity": 1}]
    assert shop.refund(order_id, "refund-1", lines=lines, restock=True).is_success
    shop.until_event(order_id, "OrderShipped", "StockRestocked")
    assert shop.deliver(order_id, "parcel-2").is_success
    return order_id


def watch(shop: Shop, items: dict[str, Item]) -> str:
    """Return the last frame of a watch of orders in every stage."""
    pot, tea_set, kettle = items.values()
    resting = [place(shop, (pot, number), (tea_set, 1)) for number in (1, 2, 3, 4, 1)]
    for order_id in resting:
        shop.until(order_id, "CONFIRMED")
    with watching(shop) as shown, ExitStack() as paused:
        wait_for(shown, lambda frame: resting[0] in frame, "the watch")
        for stage, line, status in (
            ("payment", (pot, 1), "RESERVED"),
            ("inventory", (kettle, 2), "VALIDATED"),
            ("validation", (tea_set, 2), "PLACED"),
        ):
            paused.enter_context(shop.paused(stage))
            shop.until_in(place(shop, line), status)
        for order_id in resting[:2]:
            assert shop.ship(order_id, "parcel-1").is_success
        assert shop.deliver(resting[0], "parcel-1").is_success
        assert shop.cancel(resting[2]).is_success
        return wait_for(
            shown,
            lambda frame: "└" in frame and all(frame.count(each) > 1 for each in STAGES),
            "an order in every stage",
        )


STAGES = ("PLACED", "VALIDATED", "RESERVED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED")


@contextmanager
def watching(shop: Shop) -> Iterator[Callable[[], str]]:
    """Watch the orders as in a terminal; what is given tells the frame that it shows."""
    run_, options = command(shop.deployment, "watch", "--every", "0.5")
    options["env"] |= terminal()
    with (
        TemporaryFile() as output,
        subprocess.Popen(run_, stdout=output, **options) as watch,
    ):
        try:
            yield lambda: _NEW_FRAME.split(_read(output))[-1]
            watch.send_signal(signal.SIGINT)
            assert watch.wait(timeout=30) == 0
        finally:
            watch.kill()


def _read(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), os.fstat(output.fileno()).st_size, 0).decode(errors="ignore")


def run(shop: Shop, *arguments: str) -> str:
    """Return what a command prints in a terminal with colours."""
    run_, options = command(shop.deployment, *arguments)
    options["env"] |= terminal()
    done = subprocess.run(run_, capture_output=True, text=True, timeout=60, check=True, **options)
    return str(done.stdout)


def terminal() -> dict[str, str]:
    """Return the variables of a terminal that is not there."""
    return {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(COLUMNS),
            "LINES": str(LINES)}  # fmt: skip


def draw(name: str, title: str, printed: str) -> None:
    """Write what was printed as a picture."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(printed.strip("\n")))
    path = PICTURES / f"{name}.svg"
    svg = console.export_svg(
        title=title, code_format=_FORMAT, unique_id=name, font_aspect_ratio=_ASPECT_RATIO
    )
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n")
    sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
