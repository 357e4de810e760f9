"""The versions of the deployment's functions: which are there, which one is live."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from orderctl.releases import Move
from stacks.names import LIVE, Names

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_UNPUBLISHED = "$LATEST"


class NotMovedError(Exception):
    """An alias was not moved; the message says why."""


@dataclass(frozen=True)
class Version:
    """A version of a function: its code and settings, as they were published."""

    number: str
    published_at: datetime
    code_bytes: int


class Versions:
    """The published versions of the functions of one deployment."""

    def __init__(self, client: "LambdaClient", names: Names) -> None:
        self._client = client
        self._names = names
        self._revisions: dict[str, str] = {}

    def live(self, functions: Iterable[str]) -> dict[str, str]:
        """Return the live version of each of the functions that is deployed."""
        found = {}
        for function in functions:
            try:
                alias = self._client.get_alias(FunctionName=self._name(function), Name=LIVE)
            except self._client.exceptions.ResourceNotFoundException:
                continue
            self._revisions[function] = alias["RevisionId"]
            found[function] = alias["FunctionVersion"]
        return found

    def published(self, function: str) -> list[Version]:
        """Return a function's versions, the newest first."""
        pages = self._client.get_paginator("list_versions_by_function").paginate(
            FunctionName=self._name(function)
        )
        found = [
            Version(each["Version"], datetime.fromisoformat(each["LastModified"]), each["CodeSize"])
            for page in pages
            for each in page["Versions"]
            if each["Version"] != _UNPUBLISHED
        ]
        return sorted(found, key=lambda version: int(version.number), reverse=True)

    def move(self, move: Move) -> None:
        """Have another version called, unless somebody else has changed the alias since `live`.

        Raises
        ------
        NotMovedError
            If it was not moved.
        """
        try:
            self._client.update_alias(
                FunctionName=self._name(move.function),
                Name=LIVE,
                FunctionVersion=move.after,
                RevisionId=self._revisions[move.function],
            )
        except self._client.exceptions.PreconditionFailedException:
            raise NotMovedError("somebody else has moved it in the meantime") from None
        except ClientError as error:
            raise NotMovedError(str(error)) from None

    def delete(self, function: str, version: str) -> None:
        """Delete a version for good; Lambda refuses that of one that an alias names."""
        self._client.delete_function(FunctionName=self._name(function), Qualifier=version)

    def _name(self, function: str) -> str:
        return self._names.of(function, "function")
