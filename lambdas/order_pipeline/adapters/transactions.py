"""Transactions of DynamoDB, and why one was cancelled."""

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from order_pipeline.adapters.items import Item, from_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CONDITION_FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"
_NOT_THE_CAUSE = "None"

_ATTEMPTS = 3
_PAUSE_SECONDS = (0.01, 0.05)
"""Between two attempts, at random: a transaction is over in some ten milliseconds."""


def write_together(client: "DynamoDBClient", actions: "Sequence[TransactWriteItemTypeDef]") -> None:
    """Write all or nothing.

    While another transaction is at one of the items, this one is cancelled, and nothing is written:
    it is tried again twice, as waiting in the queue for it would take seconds.

    Raises
    ------
    botocore.exceptions.ClientError
        ``TransactionCanceledException``, if a condition fails, or others are always there first.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        try:
            client.transact_write_items(TransactItems=actions)
        except client.exceptions.TransactionCanceledException as cancelled:
            causes = set(cancellation_reasons(cancelled)) - {_NOT_THE_CAUSE}
            if causes != {CONFLICT} or not attempts_left:
                raise
            time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311
        else:
            return


def cancellation_reasons(cancelled: ClientError) -> list[str]:
    """Return why each action of a cancelled transaction failed, in the order of the actions.

    An action that did not fail itself has the reason ``"None"``.
    """
    reasons = cancelled.response["CancellationReasons"]
    return [reason.get("Code", _NOT_THE_CAUSE) for reason in reasons]


def items_found(cancelled: ClientError) -> list[dict[str, Any]]:
    """Return what each action found in place of what its condition asks for.

    Empty where the condition held, there is no such item, or the action does not ask
    (``ReturnValuesOnConditionCheckFailure``).
    """
    reasons = cancelled.response["CancellationReasons"]
    return [from_item(cast("Item", reason.get("Item", {}))) for reason in reasons]
