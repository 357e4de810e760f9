"""An answer is read as it is, and where it is not as a document shows it is found."""

from dataclasses import replace

import pytest

from tests.docs.answers import Answer, FormError, differences


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no status line"),
        ('{"orderId": "ORD-1"}', "no status line"),
        ("HTTP/2 2000\n\n{}", "no status line"),
        ("HTTP/2 200\n{}\n", "no header"),
        ("HTTP/2 200\n\n{'a': 1}", "no JSON"),
    ],
)
def test_what_is_no_answer_is_found(text: str, said: str) -> None:
    with pytest.raises(FormError, match=said):
        Answer.parse(text)


def test_an_answer_of_curl_is_read() -> None:
    text = "HTTP/1.1 404 NOT FOUND\r\nContent-Type: a/b; c=d\r\nEmpty:\r\n\r\n"
    headers = {"content-type": "a/b; c=d", "empty": ""}
    assert Answer.parse(text) == Answer(404, headers, None)
    assert Answer.parse(f'{text}{{"a":\n[1]}}') == Answer(404, headers, {"a": [1]})


SHOWN = Answer(
    200,
    {"etag": '"1"'},
    {"at": "2026-01-31T09:30:00.000Z", "key": "a.…z", "list": [{"n": 1}], "yes": True},
)


def seen(**changes: object) -> Answer:
    return replace(SHOWN, body={**SHOWN.body, "key": "a.bcz", **changes})


def test_an_answer_as_it_is_shown_differs_nowhere() -> None:
    assert differences(SHOWN, seen()) == []
    assert differences(SHOWN, seen(at="2031-12-01T23:59:59.999Z")) == []
    assert differences(SHOWN, replace(seen(), headers={"etag": '"1"', "via": "x"})) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (replace(seen(), status=202), "the status is 202, not 200"),
        (replace(seen(), headers={}), "the header etag is missing"),
        (replace(seen(), headers={"etag": '"2"'}), "the header etag is '\"2\"', not '\"1\"'"),
        (replace(seen(), body=None), "the body is None, not {"),
        (seen(at="2026-01-31"), "the body's at is '2026-01-31', not '2026-01-31T09:30:00.000Z'"),
        (seen(at=None), "the body's at is None, not"),
        (seen(key="a.z"), "the body's key is 'a.z', not 'a.…z'"),
        (seen(key="aabz"), "the body's key is 'aabz', not 'a.…z'"),
        (seen(key="a.bc"), "the body's key is 'a.bc', not 'a.…z'"),
        (seen(list=[]), "the body's list is [], not"),
        (seen(list=[{"n": 1}, {"n": 1}]), "the body's list is [{'n': 1}, {'n': 1}], not"),
        (seen(list=[{"n": 2}]), "the body's list[0]'s n is 2, not 1"),
        (seen(list=[{"n": True}]), "the body's list[0]'s n is True, not 1"),
        (seen(list=[{"n": "1"}]), "the body's list[0]'s n is '1', not 1"),
        (seen(list=[{}]), "the body's list[0]'s n is missing"),
        (seen(yes=1), "the body's yes is 1, not True"),
        (seen(more=0), "the body's more is not shown"),
    ],
)
def test_an_answer_that_is_not_as_shown_is_found(answer: Answer, said: str) -> None:
    (found,) = differences(SHOWN, answer)
    assert found.startswith(said)


def test_everything_that_differs_is_told() -> None:
    answer = Answer(404, {}, {"list": [{"n": 2}]})
    assert len(differences(SHOWN, answer)) == 6
