"""What went live when, and which versions a rollback goes back to.

A deploy writes the release record, a parameter with the version of each function, once all aliases
have moved; a rollback writes it too, before it moves any. So the record's history tells what was
live together, and an alias that is elsewhere is one that a deploy or a rollback did not get to. Or
one that was rolled back while a deploy was on its way, which has written the version that it was
planned with: so what a rollback has left is never gone back to, unless by its number.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

WHOLE = "deployment"
"""What a rollback is of that is not of one function."""


class RollbackError(Exception):
    """There is nothing to go back to; the message says why."""


class AlreadyBackError(Exception):
    """What is asked for was done before; the message says when, and by whom."""


class Parameters(Protocol):
    """Parameter Store, as boto3's client has it."""

    def get_parameter_history(self, **request: object) -> Mapping[str, Any]:
        """Return the values that a parameter had."""

    def put_parameter(self, **request: object) -> Mapping[str, Any]:
        """Give a parameter another value."""


@dataclass(frozen=True)
class Move:
    """An alias that goes from one version to another."""

    function: str
    before: str
    after: str


@dataclass(frozen=True)
class Release:
    """Versions that went live together."""

    versions: Mapping[str, str]
    """Function, such as ``place-order`` → version."""
    at: datetime
    by: str
    rollback_of: str | None = None
    """None for a deploy; else the function, or ``deployment``."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Of a rollback: function → the version it was at before."""

    def __str__(self) -> str:
        what = "rolled back" if self.rollback_of else "deployed"
        return f"{what} at {self.at:%Y-%m-%dT%H:%M:%SZ} by {self.by}"


class ReleaseRecord:
    """The parameter that says what is live, with its history."""

    def __init__(self, parameters: Parameters, name: str) -> None:
        self._parameters = parameters
        self._name = name
        self._key: Mapping[str, str] = {}

    def history(self) -> list[Release]:
        """Return the releases, the oldest first; Parameter Store keeps the last hundred.

        Empty if nothing is deployed.
        """
        values: list[Mapping[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            try:
                page = self._parameters.get_parameter_history(
                    Name=self._name, WithDecryption=True, **more
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return []
                raise
            values += page["Parameters"]
            if not page.get("NextToken"):
                break
            more = {"NextToken": page["NextToken"]}
        if values:
            # Without it, Parameter Store would encrypt with AWS's key from now on.
            self._key = {"KeyId": values[-1]["KeyId"]}
        return [_release(value) for value in sorted(values, key=lambda value: value["Version"])]

    def record(self, latest: Release, moves: Iterable[Move], *, of: str) -> None:
        """Write down a rollback: what is live once `moves` are done."""
        moves = list(moves)
        value = {
            "versions": {**latest.versions, **{move.function: move.after for move in moves}},
            "rollback": {"of": of, "from": {move.function: move.before for move in moves}},
        }
        self._parameters.put_parameter(
            Name=self._name,
            Type="SecureString",
            Overwrite=True,
            Value=json.dumps(value, separators=(",", ":")),
            **self._key,
        )


def unfinished(history: Sequence[Release], live: Mapping[str, str]) -> list[Move]:
    """Return the moves to what the record says, of the functions that are elsewhere.

    Of a version that a rollback has left, the record says that it is live when a deploy did not
    know of the rollback. What is meant then is the version that was gone back to.
    """
    back = _back_from(history)
    return [
        Move(function, live[function], meant)
        for function, version in history[-1].versions.items()
        if live.get(function, version) != version
        and live[function] != (meant := back(function, version))
    ]


def _back_from(history: Iterable[Release]) -> Callable[[str, str], str]:
    """Return what tells, of a function and its version, the one that rollbacks went to from it.

    It is the same version if none has left it, or one has gone to it since.
    """
    left: dict[tuple[str, str], str] = {}
    for release in history:
        for function, version in release.moved.items():
            to = release.versions[function]
            left[function, version] = to
            left.pop((function, to), None)

    def back(function: str, version: str) -> str:
        while (function, version) in left:
            version = left[function, version]
        return version

    return back


def rollback_of_deployment(history: Sequence[Release], live: Mapping[str, str]) -> list[Move]:
    """Return the moves that undo the last deploy, for the functions that it has changed.

    A deploy that did not get to its end is undone as far as it got. Functions that were rolled
    back since, one by one, stay where they are.

    Raises
    ------
    AlreadyBackError
        If all of it is undone already.
    RollbackError
        If there is no deploy before it.
    """
    if moves := unfinished(history, live):
        return moves
    latest = history[-1]
    if latest.rollback_of == WHOLE:
        raise AlreadyBackError(f"nothing to do: {latest}. Name a function to go further back")
    number = max(
        (index for index, release in enumerate(history) if release.rollback_of is None), default=0
    )
    if number == 0:
        raise RollbackError("there is no deployment before the last one on record")
    changed = [
        function
        for function, version in history[number].versions.items()
        if history[number - 1].versions.get(function, version) != version
    ]
    since = {function for release in history[number + 1 :] for function in release.moved}
    back = _back_from(history)
    moves = [
        Move(function, live[function], before)
        for function in changed
        if function in live
        and function not in since
        and live[function] != (before := back(function, history[number - 1].versions[function]))
    ]
    if not moves:
        if changed:
            raise AlreadyBackError(f"nothing to do: {', '.join(changed)} rolled back one by one")
        raise RollbackError("the last deployment changed no function that was there before")
    return moves


def rollback_of_function(
    history: Sequence[Release], live: Mapping[str, str], function: str
) -> Move:
    """Return the move of a function to the version that was live before its last change.

    Raises
    ------
    AlreadyBackError
        If its last change was a rollback.
    RollbackError
        If no version of it was live before.
    """
    for move in unfinished(history, live):
        if move.function == function:
            return move
    back = _back_from(history)
    for release, before in zip(reversed(history), list(reversed(history))[1:], strict=False):
        if function in release.moved:
            raise AlreadyBackError(
                f"nothing to do: {function} is at {live[function]}, {release}."
                " Name another version with --to"
            )
        if function in before.versions and (
            before.versions[function] != release.versions.get(function)
        ):
            version = back(function, before.versions[function])
            if version != live[function]:
                return Move(function, live[function], version)
    raise RollbackError(f"no other version of {function} is on record: name one with --to")


def _release(value: Mapping[str, Any]) -> Release:
    content = json.loads(value["Value"])
    rollback = content.get("rollback") or {}
    return Release(
        versions=content["versions"],
        at=value["LastModifiedDate"],
        by=str(value.get("LastModifiedUser", "?")).rpartition("/")[2],
        rollback_of=rollback.get("of"),
        moved=rollback.get("from", {}),
    )
