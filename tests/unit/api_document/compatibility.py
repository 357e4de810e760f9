"""What in a changed API document breaks the clients of a released one.

A client sends requests that the released document allows, and reads from answers what it promises.
So requests may be taken more generously and answers may hold more, but not the other way round.

Decisions, where one could think otherwise:

* A new value in an answer's enum breaks clients: generated ones refuse values that they do not
  know. The same value in a request's enum does not.
* Limits and patterns of answers are not compared: clients do not check what they are given.
* A pattern or format cannot be compared with another, so any change of it counts, in a request.
* A new status is compatible: clients know what 2xx, 4xx and 5xx mean. One that is gone is not.
* Another `x-caller` breaks clients: the policy that they have does not allow the call any more.
"""

from collections.abc import Iterator
from typing import Any

type Json = dict[str, Any]

LOWER_LIMITS = ("minimum", "minLength", "minItems")
UPPER_LIMITS = ("maximum", "maxLength", "maxItems")
NOT_COMPARABLE = ("pattern", "format")


def breaking_changes(released: Json, changed: Json) -> list[str]:
    """Say what in the changed document breaks a client of the released one, and where."""
    return [
        f"{method.upper()} {path}: {breakage}"
        for path, operations in released["paths"].items()
        for method, operation in operations.items()
        for breakage in _Comparison(released, changed).of_operations(
            operation, changed["paths"].get(path, {}).get(method)
        )
    ]


class _Comparison:
    """Compares what stands at one place of both documents; `$ref` leads into the own document."""

    def __init__(self, released: Json, changed: Json) -> None:
        self._released = released
        self._changed = changed

    def of_operations(self, old: Json, new: Json | None) -> Iterator[str]:
        if new is None:
            yield "is gone"
            return
        if old.get("x-caller") != new.get("x-caller"):
            yield f"is for {new.get('x-caller')}, was for {old.get('x-caller')}"
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        for status, response in old["responses"].items():
            if status not in new["responses"]:
                yield f"{status} is gone"
            else:
                yield from self._response(status, response, new["responses"][status])

    def _parameters(self, old: Json, new: Json) -> Iterator[str]:
        before, after = (
            {(each["in"], each["name"]): each for each in operation.get("parameters", [])}
            for operation in (old, new)
        )
        for place, name in before.keys() - after.keys():
            yield f"{place} parameter {name} is gone"
        for (place, name), parameter in after.items():
            known = before.get((place, name))
            if parameter["required"] and not (known and known["required"]):
                yield f"{place} parameter {name} is required now"
            if known:
                where = f"{place} parameter {name}"
                yield from self.of_requests(known["schema"], parameter["schema"], where)

    def _body(self, old: Json, new: Json) -> Iterator[str]:
        before, after = old.get("requestBody", {}), new.get("requestBody", {})
        if after.get("required") and not before.get("required"):
            yield "the body is required now"
        for kind, content in before.get("content", {}).items():
            if kind not in after.get("content", {}):
                yield f"a body of {kind} is not taken any more"
            else:
                yield from self.of_requests(
                    content["schema"], after["content"][kind]["schema"], "body"
                )

    def _response(self, status: str, old: Json, new: Json) -> Iterator[str]:
        for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            yield f"{status} header {header} is gone"
        for kind, content in old.get("content", {}).items():
            if kind not in new.get("content", {}):
                yield f"{status} is not {kind} any more"
            else:
                yield from self.of_answers(
                    content["schema"], new["content"][kind]["schema"], status
                )

    def of_requests(self, old: Json, new: Json, where: str) -> Iterator[str]:
        """Compare schemas of what clients send: all that was allowed must be allowed still."""
        for alternative in self._alternatives(old, self._released):
            breakages = [
                list(self._request(alternative, other, where))
                for other in self._alternatives(new, self._changed)
            ]
            yield from min(breakages, key=len)

    def of_answers(self, old: Json, new: Json, where: str) -> Iterator[str]:
        """Compare schemas of what clients are given: all that was promised must be kept."""
        for alternative in self._alternatives(new, self._changed):
            breakages = [
                list(self._answer(other, alternative, where))
                for other in self._alternatives(old, self._released)
            ]
            yield from min(breakages, key=len)

    def _request(self, old: Json, new: Json, where: str) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            yield f"{where} is {new.get('type')}, was {old.get('type')}"
            return
        yield from _narrower(old, new, where)
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{where}.{name} is not taken any more"
        for name in _required(new) - _required(old):
            yield f"{where}.{name} is required now"
        for name in before.keys() & after.keys():
            yield from self.of_requests(before[name], after[name], f"{where}.{name}")
        if "items" in old and "items" in new:
            yield from self.of_requests(old["items"], new["items"], f"{where}[]")

    def _answer(self, old: Json, new: Json, where: str) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            yield f"{where} is {new.get('type')}, was {old.get('type')}"
            return
        if old.get("format") != new.get("format"):
            yield f"{where}: format {new.get('format')}, was {old.get('format')}"
        if "enum" in old and "enum" not in new:
            yield f"{where} may be any value now"
        if "enum" in old and (added := _values(new) - _values(old)):
            yield f"{where} may be {sorted(added)} now"
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{where}.{name} is gone"
        for name in (_required(old) - _required(new)) & after.keys():
            yield f"{where}.{name} may be absent now"
        for name in before.keys() & after.keys():
            yield from self.of_answers(before[name], after[name], f"{where}.{name}")
        if "items" in old and "items" in new:
            yield from self.of_answers(old["items"], new["items"], f"{where}[]")

    def _alternatives(self, schema: Json, document: Json) -> list[Json]:
        """Return the schemas of which a value must match one, with `$ref` replaced."""
        if "$ref" in schema:
            target = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            schema = target | {key: value for key, value in schema.items() if key != "$ref"}
        if "anyOf" in schema:
            return [each for part in schema["anyOf"] for each in self._alternatives(part, document)]
        return [schema]


def _narrower(old: Json, new: Json, where: str) -> Iterator[str]:
    """Say which values of one type are not taken any more, or mean something else."""
    if "enum" in new and "enum" not in old:
        yield f"{where} does not take every value any more"
    if "enum" in new and (lost := _values(old) - _values(new)):
        yield f"{where} does not take {sorted(lost)} any more"
    for limit in LOWER_LIMITS:
        if limit in new and (limit not in old or new[limit] > old[limit]):
            yield f"{where}: {limit} {new[limit]}, was {old.get(limit)}"
    for limit in UPPER_LIMITS:
        if limit in new and (limit not in old or new[limit] < old[limit]):
            yield f"{where}: {limit} {new[limit]}, was {old.get(limit)}"
    for keyword in NOT_COMPARABLE:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{where}: {keyword} {new[keyword]}, was {old.get(keyword)}"
    if "default" in old and new.get("default") != old["default"]:
        yield f"{where}: default {new.get('default')}, was {old['default']}"


def _values(schema: Json) -> set[Any]:
    return set(schema.get("enum", ()))


def _required(schema: Json) -> set[str]:
    return set(schema.get("required", ()))
