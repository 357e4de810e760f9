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
* Another server or way to sign a request breaks clients, whoever they are; one more does not.
* A problem's type is what clients tell errors apart by: one that a status had must stay with it.
  Types stand in the descriptions of the statuses, as `urn:…` between backticks.
* `allOf` is not taken apart: in a request a part that is new or changed counts as narrower, in an
  answer one that is gone or changed as a broken promise.
"""

import re
from collections.abc import Iterator
from typing import Any

type Json = dict[str, Any]

LOWER_LIMITS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_LIMITS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
NOT_COMPARABLE = ("pattern", "format", "multipleOf")
PROBLEM_TYPE = re.compile(r"`(urn:[^`]+)`")


def breaking_changes(released: Json, changed: Json) -> list[str]:
    """Say what in the changed document breaks a client of the released one, and where."""
    return [
        *_of_whole_documents(released, changed),
        *_of_operations(released, changed),
    ]


def _of_whole_documents(released: Json, changed: Json) -> Iterator[str]:
    """Say what breaks every client: where the API is, and how a request is signed."""
    before, after = (_undescribed(each.get("servers", [])) for each in (released, changed))
    for server in before:
        if server not in after:
            yield f"the server {server['url']} is gone, or another"
    if not _signed_as_before(released, released, changed, changed):
        yield "requests are signed in another way"


def _of_operations(released: Json, changed: Json) -> list[str]:
    return [
        f"{method.upper()} {path}: {breakage}"
        for path, operations in released["paths"].items()
        for method, operation in operations.items()
        for breakage in _Comparison(released, changed).of_operations(
            operation, changed["paths"].get(path, {}).get(method)
        )
    ]


def _signed_as_before(old: Json, released: Json, new: Json, changed: Json) -> bool:
    """Tell whether every way to sign a request is one still; no `security` asks for no more."""
    before, after = _ways_to_sign(old, released), _ways_to_sign(new, changed)
    return all(way in after for way in before)


def _ways_to_sign(place: Json, document: Json) -> list[Json]:
    """Return the ways to sign a request at a place of a document: scheme's name → scheme."""
    schemes = _undescribed(document.get("components", {}).get("securitySchemes", {}))
    ways = place.get("security", [{}])
    return [{name: (schemes[name], scopes) for name, scopes in way.items()} for way in ways]


def _undescribed(value: Any) -> Any:
    """Return a value without the descriptions in it, which break nobody."""
    match value:
        case dict():
            return {key: _undescribed(each) for key, each in value.items() if key != "description"}
        case list():
            return [_undescribed(each) for each in value]
        case _:
            return value


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
        if not _signed_as_before(old, self._released, new, self._changed):
            yield "is signed in another way"
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
        for problem in _problem_types(old) - _problem_types(new):
            yield f"{status} is not {problem} any more"
        for name, header in old.get("headers", {}).items():
            if name not in new.get("headers", {}):
                yield f"{status} header {name} is gone"
            else:
                yield from self.of_answers(
                    header["schema"], new["headers"][name]["schema"], f"{status} header {name}"
                )
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
        if "items" in new:
            yield from self.of_requests(old.get("items", {}), new["items"], f"{where}[]")

    def _answer(self, old: Json, new: Json, where: str) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            yield f"{where} is {new.get('type')}, was {old.get('type')}"
            return
        if old.get("format") != new.get("format"):
            yield f"{where}: format {new.get('format')}, was {old.get('format')}"
        for part in old.get("allOf", []):
            if part not in new.get("allOf", []):
                yield f"{where}: not all that was promised is kept"
        known, possible = _values(old), _values(new)
        if known is not None and possible is None:
            yield f"{where} may be any value now"
        elif known is not None and possible is not None and (added := possible - known):
            yield f"{where} may be {sorted(added, key=str)} now"
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before.keys() - after.keys():
            yield f"{where}.{name} is gone"
        for name in (_required(old) - _required(new)) & after.keys():
            yield f"{where}.{name} may be absent now"
        for name in before.keys() & after.keys():
            yield from self.of_answers(before[name], after[name], f"{where}.{name}")
        if "items" in old and "items" not in new:
            yield f"{where}[] may be anything now"
        elif "items" in old:
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
    sent, taken = _values(old), _values(new)
    if taken is not None and sent is None:
        yield f"{where} does not take every value any more"
    elif taken is not None and sent is not None and (lost := sent - taken):
        yield f"{where} does not take {sorted(lost, key=str)} any more"
    for part in new.get("allOf", []):
        if part not in old.get("allOf", []):
            yield f"{where} does not take all that it did: allOf"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{where} does not take the same twice any more"
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


def _values(schema: Json) -> set[Any] | None:
    """Return the values that are possible; None where that is not restricted to some."""
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _problem_types(response: Json) -> set[str]:
    return set(PROBLEM_TYPE.findall(response.get("description", "")))


def _required(schema: Json) -> set[str]:
    return set(schema.get("required", ()))
