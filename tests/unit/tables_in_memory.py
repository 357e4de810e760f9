"""DynamoDB for tests of many steps or threads: as much of it as the adapters of stock ask for.

Transactions are atomic and reads of many items are not, as on AWS; moto has it the other way round:
it reads many items at one moment, is not made for threads, and copies all tables for every action.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from order_pipeline.adapters.items import from_item, to_item

type Values = dict[str, Any]

_TOKENS = re.compile(r"[()+,-]|<=|>=|[=<>]|[#:\w.]+")


class _ConditionalCheckFailedError(ClientError):
    pass


class _TransactionCanceledError(ClientError):
    pass


class _NotPossibleError(Exception):
    """An update that DynamoDB calls a ValidationError."""


class TablesInMemory:
    """A DynamoDB client and its tables, which any threads may use."""

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=_ConditionalCheckFailedError,
        TransactionCanceledException=_TransactionCanceledError,
    )

    def __init__(self, keys: Mapping[str, str]) -> None:
        """Make the tables, each with the name of its key."""
        self._keys = keys
        self._tables: dict[str, dict[str, Values]] = {table: {} for table in keys}
        self._lock = threading.Lock()
        self.before: Callable[[str], None] = lambda _: None
        """Called with its name before an operation; of a batch, before each item that is read."""

    # ------------------------------------------------------------ operations

    def get_item(self, **request: Any) -> Any:
        self.before("GetItem")
        item = self._stored(request["TableName"], request["Key"])
        return {"Item": item} if item else {}

    def batch_get_item(self, **request: Any) -> Any:
        responses: dict[str, list[Any]] = {}
        for table, asked in request["RequestItems"].items():
            for key in reversed(asked["Keys"]):  # there is no order to rely on
                self.before("BatchGetItem")
                if item := self._stored(table, key):
                    responses.setdefault(table, []).append(item)
        return {"Responses": responses}

    def scan(self, **request: Any) -> Any:
        with self._lock:
            return {
                "Items": [to_item(each) for each in self._tables[request["TableName"]].values()]
            }

    def put_item(self, **request: Any) -> None:
        self.before("PutItem")
        self._write_one("Put", request)

    def update_item(self, **request: Any) -> None:
        self.before("UpdateItem")
        self._write_one("Update", request)

    def transact_write_items(self, **request: Any) -> None:
        self.before("TransactWriteItems")
        reasons = self._write([next(iter(each.items())) for each in request["TransactItems"]])
        if any(reason["Code"] != "None" for reason in reasons):
            response: Any = {"Error": {"Code": "Canceled"}, "CancellationReasons": reasons}
            raise _TransactionCanceledError(response, "TransactWriteItems")

    # ------------------------------------------------------------ how they work

    def _stored(self, table: str, key: Mapping[str, Any]) -> Any:
        with self._lock:
            return to_item(self._tables[table].get(self._key(table, from_item(key)), {}))

    def _key(self, table: str, values: Values) -> str:
        return str(values[self._keys[table]])

    def _write_one(self, kind: str, request: Values) -> None:
        [reason] = self._write([(kind, request)])
        if reason["Code"] != "None":
            raise _ConditionalCheckFailedError({"Error": {"Code": reason["Code"]}}, kind)

    def _write(self, actions: list[tuple[str, Values]]) -> list[Values]:
        """Do all of the actions, or none; return what keeps each from being done."""
        assert len(actions) <= 100, "DynamoDB takes no more"
        with self._lock:
            results = [self._result(kind, action) for kind, action in actions]
            places = [(table, key) for table, key, _, _ in results]
            assert len(set(places)) == len(places), "DynamoDB takes one action for an item"
            if all(reason["Code"] == "None" for *_, reason in results):
                for table, key, after, _ in results:
                    self._tables[table].pop(key, None)
                    if after is not None:
                        self._tables[table][key] = after
            return [reason for *_, reason in results]

    def _result(self, kind: str, action: Values) -> tuple[str, str, Values | None, Values]:
        """Return where an action writes what, and what keeps it from that."""
        table = action["TableName"]
        key = from_item(action["Item" if kind == "Put" else "Key"])
        before = self._tables[table].get(self._key(table, key), {})
        expression = Expression(action, before)
        after: Values | None = None
        reason: Values = {"Code": "None"}
        if not expression.holds(action.get("ConditionExpression", "")):
            reason = {"Code": "ConditionalCheckFailed"}
            if action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before:
                reason["Item"] = to_item(before)
        elif kind == "Put":
            after = key
        elif kind == "Update":
            try:
                after = key | expression.updated(action["UpdateExpression"])
            except _NotPossibleError:
                reason = {"Code": "ValidationError"}
        return table, self._key(table, key), after, reason


class Expression:
    """What the expressions of a request say about an item."""

    def __init__(self, request: Values, item: Values) -> None:
        self._names = request.get("ExpressionAttributeNames", {})
        self._values = from_item(request.get("ExpressionAttributeValues", {}))
        self._item = item

    def holds(self, condition: str) -> bool:
        """Tell whether a condition holds."""
        return not condition or self._any_of(iter([*_TOKENS.findall(condition), ""]))

    def updated(self, update: str) -> Values:
        """Return the item as an update leaves it."""
        item = dict(self._item)
        setting, _, removing = update.removeprefix("SET ").partition(" REMOVE ")
        for assignment in re.split(r", (?=[#\w.]+ = )", setting):
            place, _, value = assignment.partition(" = ")
            first, *rest = self._path(place)
            changed = self._computed(_TOKENS.findall(value))
            item[first] = {**item[first], rest[0]: changed} if rest else changed
        for place in removing.split(", ") if removing else ():
            [name] = self._path(place)
            item.pop(name, None)
        return item

    def _any_of(self, tokens: Iterator[str]) -> bool:
        """Read conditions up to the bracket that ends them; AND binds them more than OR."""
        found, so_far = False, True
        while True:
            so_far = self._one(tokens) and so_far
            match next(tokens):
                case "AND":
                    continue
                case "OR":
                    found, so_far = found or so_far, True
                case _:
                    return found or so_far

    def _one(self, tokens: Iterator[str]) -> bool:
        match next(tokens):
            case "(":
                return self._any_of(tokens)
            case "attribute_exists" | "attribute_not_exists" as function:
                _, place, _ = next(tokens), next(tokens), next(tokens)
                return (self._value(place) is not None) is (function == "attribute_exists")
            case left:
                operator, right = next(tokens), self._value(next(tokens))
                return self._compare(self._value(left), operator, right)

    @staticmethod
    def _compare(left: Any, operator: str, right: Any) -> bool:
        if type(left) is not type(right):
            return False
        return bool(
            {"=": left.__eq__, "<": left.__lt__, "<=": left.__le__, ">=": left.__ge__}[operator](
                right
            )
        )

    def _computed(self, tokens: list[str]) -> Any:
        match tokens:
            case [operand]:
                return self._value(operand)
            case ["list_append", "(", left, ",", right, ")"]:
                return [*self._value(left), *self._value(right)]
            case [left, "+" | "-" as operator, right]:
                one, other = self._value(left), self._value(right)
                if not (isinstance(one, int) and isinstance(other, int)):
                    raise _NotPossibleError
                return one + other if operator == "+" else one - other
        raise NotImplementedError(tokens)

    def _value(self, operand: str) -> Any:
        """Return a value of the request, or an attribute; None if there is none."""
        if operand.startswith(":"):
            return self._values[operand]
        value: Any = self._item
        for name in self._path(operand):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _path(self, place: str) -> list[str]:
        return [self._names.get(name, name) for name in place.split(".")]
