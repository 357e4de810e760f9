"""Why DynamoDB cancelled a transaction."""

from typing import Any, cast

from botocore.exceptions import ClientError

from order_pipeline.adapters.items import Item, from_item

CONDITION_FAILED = "ConditionalCheckFailed"


def cancellation_reasons(cancelled: ClientError) -> list[str]:
    """Return why each action of a cancelled transaction failed, in the order of the actions.

    An action that did not fail itself has the reason ``"None"``.
    """
    return [reason.get("Code", "None") for reason in cancelled.response["CancellationReasons"]]


def items_found(cancelled: ClientError) -> list[dict[str, Any]]:
    """Return what each action found in place of what its condition asks for.

    Empty where the condition held, there is no such item, or the action does not ask
    (``ReturnValuesOnConditionCheckFailure``).
    """
    reasons = cancelled.response["CancellationReasons"]
    return [from_item(cast("Item", reason.get("Item", {}))) for reason in reasons]
