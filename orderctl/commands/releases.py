"""`orderctl rollback` and `orderctl versions`: which code is called, and back to the one before."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from order_pipeline.domain.stored import rfc3339
from orderctl.commands.options import AsJson, Yes
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, NOT_THERE
from orderctl.releases import (
    WHOLE,
    AlreadyBackError,
    Move,
    Release,
    RollbackError,
    rollback_of_deployment,
    rollback_of_function,
)
from orderctl.terminal import age, complain, confirm, display, emit, say, table
from orderctl.versions import NotMovedError, Version, Versions

_MEGABYTE = 1024 * 1024


def rollback(
    function: Annotated[
        str | None,
        typer.Argument(
            help="Such as place-order; everything the last deployment changed, if not given."
        ),
    ] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Of the function; the previous one, if not given."),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Go back to the code that was live before, by moving aliases back. Safe to run twice.

    This affects functions only, their code and their settings: permissions, queues and tables
    stay as they are deployed. The next deploy moves the aliases forward again; until then the drift
    check shows them. Exits with 1 if an alias could not be moved, with 2 if there is nothing to
    go back to.
    """
    if to is not None and function is None:
        raise typer.BadParameter("--to goes with a function.")
    deployment = Deployment.from_environment()
    history, live = _look(deployment, function)
    try:
        moves = _moves(deployment.versions, history, live, function, to)
    except AlreadyBackError as error:
        say(f"{str(error)[0].upper()}{str(error)[1:]}.", aside=as_json)
        if as_json:
            emit(_rolled_back([], {}))
        return
    except RollbackError as error:
        complain(f"Nothing was rolled back: {error}.")
        raise typer.Exit(NOT_THERE) from None
    _show(moves, aside=as_json)
    confirm(f"Roll back in {deployment.names.suffix}?", yes=yes)
    # First, so that a rollback which ends half way can be told from a deploy that did.
    deployment.release_record.record(history[-1], moves, of=function or WHOLE)
    failed = _move(deployment.versions, moves, aside=as_json)
    if as_json:
        emit(_rolled_back(moves, failed))
    if failed:
        complain(f"{len(failed)} of {len(moves)} were not rolled back: run it again.")
        raise typer.Exit(FAILED)
    say(
        "The next deploy makes the newest versions live again: deploy the fix.",
        aside=as_json,
    )


def versions(
    *,
    prune: Annotated[
        int | None,
        typer.Option(
            metavar="KEEP", min=1, help="Delete all but the newest KEEP of each function."
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """List the functions' versions: which one is live, and where a rollback would go.

    Lambda keeps every version, up to 75 GB of code in an account. --prune deletes old ones, but
    never a live one or the one that a rollback would go back to.
    """
    deployment = Deployment.from_environment()
    history, live = _look(deployment, None)
    published = {function: deployment.versions.published(function) for function in live}
    before = {function: _before(history, live, function) for function in live}
    if not as_json:
        _print(published, live, before)
        say(f"Last {history[-1]}.")
    outdated: dict[str, list[Version]] = {}
    if prune is not None:
        outdated = {
            function: [
                version
                for version in found[prune:]
                if version.number not in (live[function], before[function])
            ]
            for function, found in published.items()
        }
        _prune(deployment, outdated, yes=yes, aside=as_json)
    if as_json:
        emit(_document(history[-1], published, live, before, deleted=outdated))


def _document(
    latest: Release,
    published: Mapping[str, Sequence[Version]],
    live: Mapping[str, str],
    before: Mapping[str, str | None],
    *,
    deleted: Mapping[str, Sequence[Version]],
) -> dict[str, object]:
    return {
        "lastRelease": {"at": rfc3339(latest.at), "by": latest.by},
        "functions": [
            {
                "function": function,
                "live": live[function],
                "backTo": before[function],
                "versions": [
                    {
                        "version": version.number,
                        "publishedAt": rfc3339(version.published_at),
                        "codeBytes": version.code_bytes,
                    }
                    for version in found
                    if version not in deleted.get(function, ())
                ],
                "deleted": [version.number for version in deleted.get(function, ())],
            }
            for function, found in published.items()
        ],
    }


def _print(
    published: Mapping[str, Sequence[Version]],
    live: Mapping[str, str],
    before: Mapping[str, str | None],
) -> None:
    shown = table(
        "function", "live", "published", "newest", "back to", "versions", ids=("function",)
    )
    for function, found in published.items():
        is_live = {version.number: version for version in found}[live[function]]
        shown.add_row(
            function,
            live[function],
            age(is_live.published_at),
            found[0].number,
            before[function] or "-",
            f"{len(found)} ({sum(each.code_bytes for each in found) // _MEGABYTE} MB)",
        )
    display(shown)


def _prune(
    deployment: Deployment, outdated: Mapping[str, Sequence[Version]], *, yes: bool, aside: bool
) -> None:
    count = sum(map(len, outdated.values()))
    if not count:
        say("There is nothing to delete.", aside=aside)
        return
    confirm(f"Delete {count} versions in {deployment.names.suffix} for good?", yes=yes)
    for function, found in outdated.items():
        for version in found:
            deployment.versions.delete(function, version.number)
            say(f"deleted: version {version.number} of {function}", aside=aside)


def _look(deployment: Deployment, function: str | None) -> tuple[list[Release], Mapping[str, str]]:
    """Return the releases, and what is live of all functions."""
    history = deployment.release_record.history()
    if not history:
        complain(f"No release of {deployment.names.suffix} is on record: nothing is deployed.")
        raise typer.Exit(NOT_THERE)
    live = deployment.versions.live(history[-1].versions)
    if function is not None and function not in live:
        complain(f"There is no function {function}; the functions are {', '.join(sorted(live))}.")
        raise typer.Exit(NOT_THERE)
    return history, live


def _moves(
    versions: Versions,
    history: Sequence[Release],
    live: Mapping[str, str],
    function: str | None,
    to: str | None,
) -> list[Move]:
    """Return what is to be moved; every version that is moved to is there."""
    if function is None:
        moves = rollback_of_deployment(history, live)
    elif to is None:
        moves = [rollback_of_function(history, live, function)]
    elif live[function] == to:
        raise AlreadyBackError(f"nothing to do: version {to} of {function} is live")
    else:
        moves = [Move(function, live[function], to)]
    for move in moves:
        there = [version.number for version in versions.published(move.function)]
        if move.after not in there:
            raise RollbackError(
                f"version {move.after} of {move.function} does not exist;"
                f" the versions are {', '.join(there)}"
            )
    return moves


def _before(history: Sequence[Release], live: Mapping[str, str], function: str) -> str | None:
    """Return the version that a function would be rolled back to, if there is one."""
    try:
        return rollback_of_function(history, live, function).after
    except (AlreadyBackError, RollbackError):
        return None


def _show(moves: Sequence[Move], *, aside: bool) -> None:
    shown = table("function", "live now", "back to", ids=("function",))
    for move in moves:
        shown.add_row(move.function, move.before, move.after)
    display(shown, aside=aside)


def _rolled_back(moves: Sequence[Move], failed: Mapping[str, str]) -> dict[str, object]:
    return {
        "functions": [
            {"function": move.function, "before": move.before, "after": move.after}
            for move in moves
        ],
        "failed": failed,
    }


def _move(versions: Versions, moves: Sequence[Move], *, aside: bool) -> dict[str, str]:
    """Move aliases, one after the other; return function → why its alias was not moved."""
    failed = {}
    for move in moves:
        try:
            versions.move(move)
        except NotMovedError as error:
            complain(f"not rolled back: {move.function}: {error}")
            failed[move.function] = str(error)
        else:
            say(
                f"{move.function}: version {move.after} is live instead of {move.before}.",
                aside=aside,
            )
    return failed
