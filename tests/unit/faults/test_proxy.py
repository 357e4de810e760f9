"""The proxy in front of a server that answers every call with what it was asked."""

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from local.processes import wait_for
from tests.faults import faults
from tests.faults.calls import Call
from tests.faults.faults import Behaviour, calls
from tests.faults.proxy import Proxy, ProxyThread


class Echo(ThreadingHTTPServer):
    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: Echo

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(body.decode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo(("127.0.0.1", 0), _Handler) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server: Echo) -> Iterator[Proxy]:
    with Echo(("127.0.0.1", 0), _Handler) as free:
        port = free.server_port
    proxy = Proxy(
        f"http://127.0.0.1:{port}", upstream=f"http://127.0.0.1:{server.server_port}", read=read
    )
    with ProxyThread(proxy):
        yield proxy
    assert not proxy.problems


def read(method: str, path: str, _headers: Mapping[str, str], body: bytes) -> Call:
    return Call("echo", f"{method} {path}", "", body.decode())


def post(proxy: Proxy, text: str, *, timeout: float = 60) -> httpx.Response:
    return httpx.post(f"{proxy.url}/call", content=text.encode(), timeout=timeout)


def test_calls_come_through_and_are_recorded(proxy: Proxy) -> None:
    with proxy.recording() as seen:
        assert post(proxy, "order-1").text == "order-1"

    assert [each.call.action for each in seen] == ["POST /call"]


def test_fault_strikes_its_calls_until_it_is_healed(proxy: Proxy, server: Echo) -> None:
    with proxy.fault("500", faults.refuse(500), calls(about="order-1")) as fault:
        assert post(proxy, "order-1").status_code == 500
        assert post(proxy, "order-2").status_code == 200

    assert post(proxy, "order-1").status_code == 200
    assert [call.text for call in fault.struck] == ["order-1"]
    assert server.asked == ["order-2", "order-1"]


@pytest.mark.parametrize(
    ("behaviour", "done"),
    [(faults.drop, 0), (faults.hang, 0), (faults.answer_too_late, 1)],
)
def test_caller_gets_no_answer(proxy: Proxy, server: Echo, behaviour: Behaviour, done: int) -> None:
    with (
        proxy.fault("no answer", behaviour, calls(), times=1),
        pytest.raises(httpx.TransportError),
    ):
        post(proxy, "order-1", timeout=2)

    assert wait_for(lambda: server.asked == ["order-1"] * done, 30)


def test_work_is_done_twice_and_answered_once(proxy: Proxy, server: Echo) -> None:
    with proxy.fault("twice", faults.do_twice, calls()):
        assert post(proxy, "order-1").text == "order-1"

    assert server.asked == ["order-1", "order-1"]


def test_fault_that_never_strikes_is_an_error(proxy: Proxy) -> None:
    with (
        pytest.raises(AssertionError, match="never struck"),
        proxy.fault("nothing", faults.drop, calls()),
    ):
        pass
