"""Proxies between the functions and what they depend on, in which faults are installed.

They run in a thread of the tests' process and know of each call who makes it and what it asks.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.faults.callers import UNKNOWN, Caller, Callers
from tests.faults.calls import Call
from tests.faults.faults import Answer, Behaviour, Fault

HOP_BY_HOP = frozenset(
    {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "expect"}
)

type Reader = Callable[[str, str, Mapping[str, str], bytes], Call]
"""Reads a call from a request's method, path, headers and body."""


@dataclass(frozen=True)
class Seen:
    """A call that came by."""

    at: float
    """Seconds (`time.time`)."""
    call: Call


class Proxy:
    """A reverse proxy for one server."""

    def __init__(
        self,
        url: str,
        *,
        upstream: str,
        read: Reader,
        callers: Callers | None = None,
        learn: Callable[[Call, bytes], None] = lambda _call, _answer: None,
    ) -> None:
        """Make a proxy that listens once it is started.

        Parameters
        ----------
        url
            Where it listens.
        upstream
            The server's address.
        read
            How a request is read.
        callers
            Those who may call; without, nobody asks who it is.
        learn
            Is given the body of every answer of the server.
        """
        self.url = url
        self._upstream = upstream
        self._read = read
        self._callers = callers
        self._learn = learn
        self._caller_of: WeakKeyDictionary[asyncio.BaseTransport, Caller] = WeakKeyDictionary()
        self._faults: tuple[Fault, ...] = ()
        self._healed: dict[int, asyncio.Event] = {}
        self._seen: list[Seen] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.problems: list[str] = []
        """What went wrong with the proxy itself."""

    # ------------------------------------------------------------------ for tests

    @contextmanager
    def fault(
        self,
        name: str,
        behaviour: Behaviour,
        strikes: Callable[[Call], bool],
        *,
        times: int | None = None,
    ) -> Iterator[Fault]:
        """Break matching calls until the end of the block; they must have been struck by then."""
        fault = Fault(name, behaviour, strikes, times)
        self.install(fault)
        try:
            yield fault
        finally:
            self.heal(fault)
        assert fault.struck, f"{name}: never struck, so nothing was shown"

    def install(self, fault: Fault) -> None:
        """Let a fault strike from now on."""
        self._healed[id(fault)] = asyncio.Event()
        self._faults = (*self._faults, fault)

    def heal(self, fault: Fault) -> None:
        """Let a fault strike no more, and go on with the calls that hang."""
        self._faults = tuple(each for each in self._faults if each is not fault)
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._healed[id(fault)].set)

    @contextmanager
    def recording(self) -> Iterator[list[Seen]]:
        """Yield the calls that come by, while they do."""
        seen: list[Seen] = []
        before, self._seen = self._seen, seen
        try:
            yield seen
        finally:
            self._seen = before

    # ------------------------------------------------------------------ for calls

    async def start(self) -> Callable[[], Any]:
        """Listen, and return what ends that."""
        self._loop = asyncio.get_running_loop()
        session = ClientSession(
            auto_decompress=False, connector=TCPConnector(limit=0), timeout=ClientTimeout()
        )
        self._session = session
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=1)
        await runner.setup()
        address = urlsplit(self.url)
        await web.TCPSite(runner, address.hostname, address.port, reuse_address=True).start()

        async def stop() -> None:
            await runner.cleanup()
            await session.close()

        return stop

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._pass_on(request)
        except Exception as error:
            self.problems.append(f"{request.method} {request.path_qs}: {error!r}")
            raise

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        call = self._read(request.method, request.path_qs, request.headers, body)
        call = replace(call, caller=await self._caller(request))
        self._seen.append(Seen(time.time(), call))
        exchange = _Exchange(call, request, body, self._upstream, self._session, self._learn)
        answer: Answer | None
        if fault := next((fault for fault in self._faults if fault.takes(call)), None):
            exchange.healed = self._healed[id(fault)]
            answer = await fault.behaviour(exchange)
        else:
            answer = await exchange.forward()
        if answer is None or exchange.caller_has_gone:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = [(name, value) for name, value in answer.headers if _is_end_to_end(name)]
        response = web.Response(status=answer.status, body=answer.body)
        response.headers.clear()
        for name, value in headers:
            response.headers.add(name, value)
        return response

    async def _caller(self, request: web.BaseRequest) -> Caller:
        """Return who calls; looked up once for a connection."""
        connection = request.transport
        if self._callers is None or connection is None:
            return UNKNOWN
        if connection not in self._caller_of:
            port = connection.get_extra_info("peername")[1]
            self._caller_of[connection] = await asyncio.to_thread(self._callers.of_port, port)
        return self._caller_of[connection]


@dataclass
class _Exchange:
    call: Call
    request: web.BaseRequest
    body: bytes
    upstream: str
    session: ClientSession
    learn: Callable[[Call, bytes], None]
    healed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def caller_has_gone(self) -> bool:
        transport = self.request.transport
        return transport is None or transport.is_closing()

    async def forward(self) -> Answer:
        headers = [
            (name, value) for name, value in self.request.headers.items() if _is_end_to_end(name)
        ]
        async with self.session.request(
            self.request.method,
            self.upstream + self.request.path_qs,
            headers=headers,
            data=self.body,
            allow_redirects=False,
        ) as answer:
            content = await answer.read()
            self.learn(self.call, content)
            return Answer(answer.status, tuple(answer.headers.items()), content)


def _is_end_to_end(header: str) -> bool:
    return header.lower() not in HOP_BY_HOP


class ProxyThread:
    """The thread in which proxies run."""

    def __init__(self, *proxies: Proxy) -> None:
        self._proxies = proxies
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._stops = [self._run(proxy.start()) for proxy in self._proxies]
        return self

    def __exit__(self, *_: object) -> None:
        for stop in self._stops:
            self._run(stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return done.result(timeout=30)
