"""The reservations of the inventory table, to be looked at; `stock_transactions.py` moves them."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from order_pipeline.adapters.items import from_item, to_item
from order_pipeline.adapters.redaction import safe_text
from order_pipeline.adapters.stock_transactions import reservation_key
from order_pipeline.domain.ports import ReservationsUnavailableError
from order_pipeline.domain.reservation import Reservation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class ReservationsTable:
    """The reservations, in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", inventory_table: str) -> None:
        self._client = client
        self._inventory_table = inventory_table

    def of(self, order_id: str) -> Reservation | None:
        """Return an order's reservation; see `ports.Reservations`.

        Raises
        ------
        pydantic.ValidationError
            If what is kept is none.
        """
        try:
            answer = self._client.get_item(
                TableName=self._inventory_table,
                Key=to_item({"itemId": reservation_key(order_id)}),
                ConsistentRead=True,
            )
        except (BotoCoreError, ClientError) as fault:
            reason = safe_text(fault) or type(fault).__name__
            raise ReservationsUnavailableError(reason) from fault
        return Reservation.model_validate(from_item(answer["Item"])) if "Item" in answer else None
