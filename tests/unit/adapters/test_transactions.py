"""Transactions that others are in the way of."""

from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from order_pipeline.adapters.transactions import write_together

CONFLICT, NONE, FAILED = "TransactionConflict", "None", "ConditionalCheckFailed"


class CancelledError(ClientError):
    def __init__(self, *codes: str) -> None:
        super().__init__(
            {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": code} for code in codes],
            },
            "Write",
        )


def a_client(*answers: CancelledError | None) -> Mock:
    client = Mock()
    client.exceptions.TransactionCanceledException = CancelledError
    client.transact_write_items.side_effect = answers
    return client


def test_what_others_were_at_is_tried_again() -> None:
    client = a_client(CancelledError(CONFLICT, NONE), CancelledError(NONE, CONFLICT), None)
    write_together(client, [])
    assert client.transact_write_items.call_count == 3


def test_what_others_are_always_at_is_given_up() -> None:
    client = a_client(*[CancelledError(CONFLICT)] * 4)
    with pytest.raises(CancelledError):
        write_together(client, [])
    assert client.transact_write_items.call_count == 3


@pytest.mark.parametrize("codes", [(FAILED,), (CONFLICT, FAILED), ("ValidationError", CONFLICT)])
def test_what_has_another_cause_is_not_tried_again(codes: tuple[str, ...]) -> None:
    client = a_client(CancelledError(*codes), None)
    with pytest.raises(CancelledError):
        write_together(client, [])
    assert client.transact_write_items.call_count == 1


def test_any_other_error_is_the_callers() -> None:
    client = a_client()
    client.transact_write_items.side_effect = ClientError({"Error": {"Code": "Throttled"}}, "Write")
    with pytest.raises(ClientError):
        write_together(client, [])
    assert client.transact_write_items.call_count == 1
