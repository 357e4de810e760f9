"""docs/api.md shows every call and every error, each command with the answer that it gets.

That the answers are the real ones is checked in tests/e2e/test_api_guide.py.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from unittest.mock import Mock

import pytest

from order_pipeline.adapters.http import Request, Response, api_handler
from order_pipeline.api.gateway_responses import gateway_responses
from order_pipeline.domain.events import OrderEvent
from order_pipeline.domain.ports import ConcurrentChangeError
from tests.docs.answers import GATEWAYS_OWN, Answer, FormError, differences
from tests.docs.api_guide import (
    Example,
    Guide,
    published,
    read,
    run_script,
    undocumented,
    unshown,
    with_ids_of_its_own,
)
from tests.docs.markdown import ROOT, Document

PAGE = published()
GUIDE = read(PAGE)
OPENAPI = json.loads((ROOT / "docs/openapi.json").read_text())


def test_every_call_and_every_problem_is_shown() -> None:
    assert unshown(GUIDE, OPENAPI) == []


def test_no_answer_is_shown_that_is_not_documented() -> None:
    assert undocumented(GUIDE, OPENAPI) == []


def test_every_problem_is_told_what_to_do_about() -> None:
    rows = set(re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \| ", PAGE.text, re.MULTILINE))
    shown = [*GUIDE.explained, *(each.answer for each in GUIDE.examples)]
    assert rows == {
        (str(answer.status), answer.body["type"].removeprefix("urn:order-pipeline:problem:"))
        for answer in shown
        if answer.status >= 400
    }


def test_what_no_command_brings_about_is_what_the_code_answers() -> None:
    made = [*answers_of_the_gateway(), answer_to(ConcurrentChangeError()), answer_to(KeyError())]
    for shown in GUIDE.explained:
        assert [] in [differences(shown, each) for each in made], shown


def test_what_the_gateway_says_itself_is_what_it_is_told_to_say() -> None:
    own = [each.answer for each in GUIDE.examples if GATEWAYS_OWN in each.answer.headers]
    assert {answer.status for answer in own} == {400, 403}
    made = list(answers_of_the_gateway())
    for answer in own:
        shown = replace(answer, headers={})
        assert [] in [differences(shown, each) for each in made], shown


def test_the_message_for_the_warehouse_is_an_event_as_it_is_published() -> None:
    [shown] = [block.text for block in PAGE.blocks if block.language == "json"]
    event = OrderEvent.model_validate_json(shown)
    assert json.loads(event.model_dump_json(by_alias=True, exclude_none=True)) == json.loads(shown)


def test_nothing_that_a_command_names_in_a_table_is_anybody_elses() -> None:
    own = read(with_ids_of_its_own(PAGE, "mine"))
    for example in own.examples:
        _, collection, name, *_ = [*example.call[1].split("/"), ""]
        named = re.findall(r'"(?:orderId|customerId|itemId)": "([^"]+)"', example.command)
        keys = re.findall(r'Idempotency-Key: ([^"]+)"', example.command)
        ids = [*named, *keys, *([name] if name else [])]
        assert ids or collection == "orders", example
        assert [each for each in ids if not each.endswith("-mine")] == [], example


def answers_of_the_gateway() -> Iterator[Answer]:
    """Yield what API Gateway is told to answer by itself; `…` is what it puts in."""
    for response in gateway_responses().values():
        template = response["responseTemplates"]["application/json"]
        message = template.replace("$context.error.messageString", '"…"')
        headers = {
            name.removeprefix("gatewayresponse.header.").lower(): value.strip("'")
            for name, value in response["responseParameters"].items()
        }
        if "statusCode" in response:
            body = json.loads(message.replace("$context.error.validationErrorString", "…"))
            yield Answer(int(response["statusCode"]), headers, body)


def answer_to(error: Exception) -> Answer:
    """Return what a function answers when it fails."""

    def fails(_: Request) -> Response:
        raise error

    event = {"httpMethod": "GET", "resource": "/orders", "requestContext": {}}
    answer = api_handler({("GET", "/orders"): fails})(event, Mock())
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Answer(answer["statusCode"], headers, json.loads(answer["body"]))


# ------------------------------------------------------------------ what a guide is read as

COMMAND = '```sh\ncurl --include "${API}orders/ORD-1"\n```\n'
ANSWER = '```http\nHTTP/2 200\netag: "1"\n\n{"orderId": "ORD-1"}\n```\n'


def guide_of(*parts: str) -> Guide:
    return read(Document("x.md", "\n".join(parts)))


def test_a_command_has_its_answer_and_what_was_prepared() -> None:
    guide = guide_of("```sh\nsign=(a)\n```\n", COMMAND, ANSWER, "So:\n", ANSWER)
    body = {"orderId": "ORD-1"}
    answer = Answer(200, {"etag": '"1"'}, body)
    command = 'curl --include "${API}orders/ORD-1"\n'
    assert guide.examples == (Example(5, f"sign=(a)\n{command}", command, answer),)
    assert guide.explained == (answer,)


@pytest.mark.parametrize(
    "text",
    [
        COMMAND,
        f"{COMMAND}\n{COMMAND}\n{ANSWER}",
        f"{COMMAND}\nIt gets:\n\n{ANSWER}",
        f"{COMMAND}{ANSWER}",
        f"{COMMAND}\n```json\n{{}}\n```\n",
        f"{ANSWER}\n{COMMAND}",
    ],
)
def test_a_command_without_its_answer_is_found(text: str) -> None:
    with pytest.raises(FormError, match=r"x\.md:\d+: the command's answer must follow"):
        guide_of(text)


@pytest.mark.parametrize("url", ['"http://localhost/orders"', "${API}orders", '"$API/orders"'])
def test_a_command_that_calls_something_else_is_found(url: str) -> None:
    with pytest.raises(FormError, match=r"x\.md:1: the command must call"):
        guide_of(COMMAND.replace('"${API}orders/ORD-1"', url), ANSWER)


@pytest.mark.parametrize(
    ("command", "call", "only_looks"),
    [
        ('curl "${API}orders/ORD-1"', ("GET", "/orders/ORD-1"), True),
        ('curl "${API}customers/C/orders?limit=1"', ("GET", "/customers/C/orders"), True),
        ('curl "${API}orders" \\\n  --data "{}"', ("POST", "/orders"), False),
        ('curl --request PUT "${API}inventory/I" --data 1', ("PUT", "/inventory/I"), False),
        ('curl --request POST "${API}a/b"', ("POST", "/a/b"), False),
        ('a=$(curl "${API}one")\ncurl "${API}other"', ("GET", "/other"), True),
    ],
)
def test_the_call_of_a_command_is_found(
    command: str, call: tuple[str, str], only_looks: bool
) -> None:
    example = Example(1, command, command, Answer(200, {}, {}))
    assert (example.call, example.only_looks) == (call, only_looks)


def test_ids_of_its_own_are_in_commands_and_answers() -> None:
    text = "ORD-1 ITEM-001, orders/CUST-12345/; BASKET-2. RECORD-1 ORD-1x PARCEL-1"
    assert with_ids_of_its_own(Document("x.md", text), "a-1").text == (
        "ORD-1-a-1 ITEM-001-a-1, orders/CUST-12345-a-1/; BASKET-2-a-1. RECORD-1 ORD-1x PARCEL-1"
    )


# ------------------------------------------------------------------ what is not shown

DOCUMENTED = {
    "paths": {
        "/orders/{orderId}": {
            "get": {
                "operationId": "getOrder",
                "responses": {
                    "200": {"description": "The order."},
                    "404": {"description": "None (`urn:none`). Or gone (`urn:gone`)."},
                },
            }
        }
    }
}
NONE = '```http\nHTTP/2 404\n\n{"type": "urn:none"}\n```\n'
GONE = NONE.replace("none", "gone")


def test_a_guide_that_shows_all_lacks_nothing() -> None:
    guide = guide_of(COMMAND, ANSWER, COMMAND, NONE, "Or:\n", GONE)
    assert unshown(guide, DOCUMENTED) == []
    assert undocumented(guide, DOCUMENTED) == []


@pytest.mark.parametrize(
    ("parts", "lacks"),
    [
        ((ANSWER, COMMAND, NONE, GONE), ["getOrder: 200"]),
        ((COMMAND, ANSWER, COMMAND, NONE), ["urn:gone: 404"]),
        ((COMMAND, ANSWER, COMMAND, NONE, GONE.replace("404", "409")), ["urn:gone: 404"]),
        ((COMMAND.replace("/ORD-1", ""), ANSWER, NONE, GONE), ["getOrder: 200"]),
        ((COMMAND.replace("curl", "curl --request PUT"), ANSWER, NONE, GONE), ["getOrder: 200"]),
    ],
)
def test_what_a_guide_lacks_is_found(parts: tuple[str, ...], lacks: list[str]) -> None:
    assert unshown(guide_of(*parts), DOCUMENTED) == lacks


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (ANSWER.replace("200", "202"), 202),
        (ANSWER.replace("200", "404"), 404),
        (NONE.replace("404", "409"), 409),
        (NONE.replace("none", "some"), 404),
    ],
)
def test_an_answer_that_is_not_documented_is_found(answer: str, status: int) -> None:
    found = undocumented(guide_of(COMMAND, answer), DOCUMENTED)
    assert found == [f"line 1: getOrder does not answer {status}"]


# ------------------------------------------------------------------ what is run


class Server(BaseHTTPRequestHandler):
    """Answers any GET with the path that was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.end_headers()
        self.wfile.write(json.dumps({"orderId": self.path.rpartition("/")[2]}).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/local/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("order_id", "differs"), [("ORD-1", False), ("ORD-2", True)])
def test_a_command_is_run_and_its_answer_compared(api: str, order_id: str, differs: bool) -> None:
    # given
    prepared = f"```sh\norder={order_id}\n```\n"
    (example,) = guide_of(prepared, COMMAND.replace("ORD-1", "$order"), ANSWER).examples

    # when
    done = run_script(example.script, api)

    # then
    assert done.returncode == 0, done.stderr
    assert bool(differences(example.answer, Answer.parse(done.stdout))) is differs


def test_a_script_ends_with_its_first_failure(api: str) -> None:
    assert run_script('false\ncurl "${API}"', api).returncode
    assert run_script('curl "${API}" | false | cat', api).returncode
    assert run_script('curl "${API}$nothing"', api).returncode
