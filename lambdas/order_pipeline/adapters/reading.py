"""Many items of a table by their keys, however many DynamoDB gives at once."""

import random
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import batched
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from order_pipeline.adapters.items import from_item
from order_pipeline.domain.ports import UnreadItemsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_KEYS_PER_READ = 100
"""BatchGetItem takes no more."""
_ROUNDS = 4
_FIRST_PAUSE_SECONDS = 0.05
"""At most, after the first round that leaves something unread; twice as long after each other."""

type Key = dict[str, "AttributeValueTypeDef"]


def read_items(
    client: "DynamoDBClient",
    table_name: str,
    keys: "Iterable[Key]",
    asked: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[dict[str, Any]]:
    """Yield the items that exist, in any order.

    What DynamoDB leaves unread, because the table or a partition is throttled, is asked for again
    after a pause, as it advises:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html

    Parameters
    ----------
    keys
        Different ones: DynamoDB refuses to read one twice.
    asked
        What else is asked, such as ``ConsistentRead`` or a projection.

    Raises
    ------
    UnreadItemsError
        If something is still unread after several rounds.
    """
    for batch in batched(keys, _KEYS_PER_READ, strict=False):
        wanted: list[Any] = list(batch)
        for round_number in range(_ROUNDS):
            if round_number:
                longest = _FIRST_PAUSE_SECONDS * 2 ** (round_number - 1)
                time.sleep(random.uniform(0, longest))  # noqa: S311
            request: Any = {**asked, "Keys": wanted}
            answer = client.batch_get_item(RequestItems={table_name: request})
            yield from map(from_item, answer["Responses"].get(table_name, []))
            unread: Any = answer.get("UnprocessedKeys", {}).get(table_name, {})
            wanted = unread.get("Keys", [])
            if not wanted:
                break
        else:
            raise UnreadItemsError(f"{len(wanted)} items of {table_name}")
