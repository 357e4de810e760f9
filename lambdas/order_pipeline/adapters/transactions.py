"""Why DynamoDB cancelled a transaction."""

from botocore.exceptions import ClientError

CONDITION_FAILED = "ConditionalCheckFailed"


def cancellation_reasons(cancelled: ClientError) -> list[str]:
    """Return why each action of a cancelled transaction failed, in the order of the actions.

    An action that did not fail itself has the reason ``"None"``.
    """
    return [reason.get("Code", "None") for reason in cancelled.response["CancellationReasons"]]
