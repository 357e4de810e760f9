"""The deployed pipeline with proxies around it, and the table of what came of each fault."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import psutil
import pytest
from rich.console import Console

from local.host import HostBackend
from local.settings import STATE, LocalSettings
from tests.e2e.conftest import WIDTH_OF_A_LOG
from tests.e2e.deployment import OUTPUTS, Deployment
from tests.e2e.shop import Shop
from tests.faults.books import balance
from tests.faults.callers import Callers
from tests.faults.calls import PaymentCalls, aws_call
from tests.faults.flow import Flow
from tests.faults.proxy import Proxy, ProxyThread
from tests.faults.table import Report

REPORT = pytest.StashKey[Report]()


class ProxiedDeployment(Deployment):
    """A deployment whose functions reach everything through proxies."""

    aws_proxy_url: str = ""
    payment_proxy_url: str = ""
    stream_proxy_url: str = ""
    dynamodb_url: str = ""


@dataclass(frozen=True)
class Proxies:
    """The proxies of the run, and the functions' processes."""

    aws: Proxy
    """Between the functions and LocalStack."""
    payment: Proxy
    """Between the functions and the payment server."""
    stream: Proxy
    """Between LocalStack, where it reads the orders table's stream, and DynamoDB Local."""
    callers: Callers


@pytest.fixture(scope="session")
def deployment() -> ProxiedDeployment:
    if not OUTPUTS.exists():
        pytest.exit("nothing is deployed: `make local-faults` deploys to LocalStack", returncode=1)
    deployment = ProxiedDeployment.model_validate_json(OUTPUTS.read_text())
    if not deployment.aws_proxy_url:
        pytest.exit("deployed without proxies: `make local-faults` deploys with them", returncode=1)
    return deployment


@pytest.fixture(scope="session")
def proxies(deployment: ProxiedDeployment) -> Iterator[Proxies]:
    callers = Callers(_localstack(deployment), suffix=deployment.suffix)
    payment_calls = PaymentCalls()
    read_aws = partial(aws_call, suffix=deployment.suffix)

    proxies = Proxies(
        aws=Proxy(
            deployment.aws_proxy_url, upstream=deployment.endpoint, read=read_aws, callers=callers
        ),
        payment=Proxy(
            deployment.payment_proxy_url,
            upstream=deployment.payment_server_url,
            read=payment_calls.read,
            callers=callers,
            learn=payment_calls.learn,
        ),
        stream=Proxy(deployment.stream_proxy_url, upstream=deployment.dynamodb_url, read=read_aws),
        callers=callers,
    )
    with ProxyThread(proxies.aws, proxies.payment, proxies.stream):
        yield proxies
    problems = [*proxies.aws.problems, *proxies.payment.problems, *proxies.stream.problems]
    assert not problems, problems


def _localstack(deployment: Deployment) -> psutil.Process:
    port = urlsplit(deployment.endpoint).port
    assert port is not None
    process = HostBackend(LocalSettings(port, folder=STATE / str(port))).localstack.process()
    assert process is not None, "LocalStack does not run"
    return process


@pytest.fixture(scope="session")
def shop(deployment: ProxiedDeployment, proxies: Proxies) -> Iterator[Shop]:
    shop = Shop(deployment)
    yield shop
    shop.close()


@pytest.fixture
def flow(shop: Shop) -> Iterator[Flow]:
    with Flow(shop) as flow:
        yield flow


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> Report:
    return request.config.stash.setdefault(REPORT, Report())


type Settle = Callable[..., None]


@pytest.fixture
def settle(flow: Flow, report: Report) -> Settle:
    """Follow the orders to their end, balance the books, and put the fault into the table."""

    return partial(settled, flow=flow, report=report)


def settled(
    fault: str,
    flow: Flow,
    report: Report,
    *,
    within: float = 180,
    kills_of_notification: int = 0,
) -> None:
    """Follow orders to their end, balance the books, and put the fault into the table."""
    flow.until_all_have_ended(within=within)
    books = balance(flow, kills_of_notification=kills_of_notification)
    report.tell(fault, flow, books)
    assert not books.wrong, "\n".join(books.wrong)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what came of each fault."""
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    console = Console(
        width=shutil.get_terminal_size((WIDTH_OF_A_LOG, 0)).columns,
        force_terminal=terminalreporter.hasmarkup,
    )
    with console.capture() as capture:
        console.print()
        if report.rows:
            console.print(report.table())
        for line in report.numbers:
            console.print(line)
    terminalreporter.write(capture.get())
