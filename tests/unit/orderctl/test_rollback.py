"""The commands, over functions and a release record that are in memory."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from orderctl.__main__ import app
from orderctl.deployment import Deployment
from orderctl.releases import Parameters, ReleaseRecord
from orderctl.versions import Versions
from tests.unit.builders import NOON
from tests.unit.orderctl.gateway import NAMES
from tests.unit.orderctl.test_releases import ParameterStore


class MissingError(Exception):
    """Lambda's answer about what is not there."""


class ChangedError(Exception):
    """Lambda's answer where somebody else was first."""


@dataclass
class Functions:
    """Lambda, with functions that all have the same versions."""

    live: dict[str, str]
    newest: int
    fails: dict[str, Exception] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    exceptions = SimpleNamespace(
        ResourceNotFoundException=MissingError, PreconditionFailedException=ChangedError
    )

    def get_alias(self, **request: Any) -> dict[str, str]:
        function = request["FunctionName"].removesuffix("-function-dev")
        if function not in self.live:
            raise MissingError
        return {"FunctionVersion": self.live[function], "RevisionId": f"of {function}"}

    def update_alias(self, **request: Any) -> None:
        function = request["FunctionName"].removesuffix("-function-dev")
        assert (request["Name"], request["RevisionId"]) == ("live", f"of {function}")
        if function in self.fails:
            raise self.fails[function]
        self.live[function] = request["FunctionVersion"]

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_versions_by_function"
        versions = ["$LATEST", *(str(number + 1) for number in range(self.newest))]
        listed = [
            {"Version": each, "LastModified": (NOON - timedelta(1)).isoformat(), "CodeSize": 2**20}
            for each in versions
            if each not in self.deleted
        ]
        return SimpleNamespace(paginate=lambda **_: [{"Versions": listed}])

    def delete_function(self, **request: Any) -> None:
        self.deleted.append(request["Qualifier"])


@pytest.fixture
def store() -> ParameterStore:
    return ParameterStore()


def run(
    monkeypatch: pytest.MonkeyPatch,
    functions: Functions,
    store: ParameterStore,
    *arguments: str,
    answer: str | None = None,
) -> Result:
    deployment = SimpleNamespace(
        names=NAMES,
        versions=Versions(cast("Any", functions), NAMES),
        release_record=ReleaseRecord(cast("Parameters", store), "release-parameter-dev"),
    )
    monkeypatch.setattr(Deployment, "from_environment", lambda: deployment)
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return runner.invoke(app, arguments, input=answer)


@pytest.mark.usefixtures("somebody_to_ask")
def test_a_rollback_shows_what_it_does_and_asks(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    # given
    store.deploy(a="1", b="1")
    store.deploy(a="2", b="1")
    functions = Functions({"a": "2", "b": "1"}, newest=2)
    # when the answer is no
    done = run(monkeypatch, functions, store, "rollback", answer="n\n")
    # then
    assert done.exit_code == 1
    assert "Roll back in dev?" in done.output
    assert functions.live == {"a": "2", "b": "1"}
    assert len(store.values) == 2
    # when it is yes
    done = run(monkeypatch, functions, store, "rollback", answer="y\n")
    # then
    assert done.exit_code == 0, done.output
    assert "a: version 1 is live instead of 2." in done.output
    assert "The next deploy makes the newest versions live again" in done.output
    assert functions.live == {"a": "1", "b": "1"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ChangedError(), "somebody else has moved it in the meantime"),
        (ClientError({"Error": {"Code": "TooManyRequestsException"}}, "UpdateAlias"), "TooMany"),
    ],
)
def test_a_function_that_is_not_moved_does_not_keep_others_from_it(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore, error: Exception, reason: str
) -> None:
    # given
    store.deploy(a="1", b="1")
    store.deploy(a="2", b="2")
    functions = Functions({"a": "2", "b": "2"}, newest=2, fails={"a": error})
    # when
    done = run(monkeypatch, functions, store, "rollback", "--yes")
    # then
    assert done.exit_code == 1
    assert "not rolled back: a: " in done.output
    assert reason in done.output
    assert "1 of 2 were not rolled back: run it again." in done.output
    assert functions.live == {"a": "2", "b": "1"}
    # when it is run again, and nothing is in the way
    functions.fails.clear()
    done = run(monkeypatch, functions, store, "rollback", "--yes")
    # then
    assert done.exit_code == 0
    assert functions.live == {"a": "1", "b": "1"}


def test_a_version_that_was_deleted_is_not_made_live(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    store.deploy(a="1")
    store.deploy(a="3")
    functions = Functions({"a": "3"}, newest=3, deleted=["1"])
    done = run(monkeypatch, functions, store, "rollback", "--yes")
    assert done.exit_code == 2
    assert "version 1 of a does not exist; the versions are 3, 2" in done.output
    assert functions.live == {"a": "3"}
    assert len(store.values) == 2


def test_nothing_is_rolled_back_where_nothing_is_deployed(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    for command in ("rollback", "versions"):
        done = run(monkeypatch, Functions({}, newest=0), store, command)
        assert done.exit_code == 2
        assert "nothing is deployed" in done.output


def test_old_versions_are_deleted_but_for_what_is_live_and_what_was_before(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    # given
    store.deploy(a="2")
    store.deploy(a="5")
    functions = Functions({"a": "5"}, newest=7)
    # when
    done = run(monkeypatch, functions, store, "versions", "--prune", "1", "--yes")
    # then
    assert done.exit_code == 0, done.output
    assert functions.deleted == ["6", "4", "3", "1"]
    assert "deleted: version 6 of a" in done.output


def test_versions_are_a_document_for_a_program(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    # given
    store.deploy(a="1")
    store.deploy(a="2")
    functions = Functions({"a": "2"}, newest=2)
    # when
    done = run(monkeypatch, functions, store, "versions", "--json")
    # then
    assert done.exit_code == 0, done.output
    [function] = json.loads(done.stdout)["functions"]
    assert (function["function"], function["live"], function["backTo"]) == ("a", "2", "1")
    assert [each["version"] for each in function["versions"]] == ["2", "1"]
    assert function["deleted"] == []
    assert functions.deleted == []


def test_versions_that_were_deleted_are_in_the_document(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    # given
    store.deploy(a="2")
    store.deploy(a="5")
    functions = Functions({"a": "5"}, newest=7)
    # when
    done = run(monkeypatch, functions, store, "versions", "--prune", "1", "--yes", "--json")
    # then
    assert done.exit_code == 0, done.output
    [function] = json.loads(done.stdout)["functions"]
    assert [each["version"] for each in function["versions"]] == ["7", "5", "2"]
    assert function["deleted"] == functions.deleted == ["6", "4", "3", "1"]
    assert "deleted: version 6 of a" in done.stderr
    # when it is repeated
    done = run(monkeypatch, functions, store, "versions", "--prune", "1", "--yes", "--json")
    # then
    assert json.loads(done.stdout)["functions"][0]["deleted"] == []
    assert "There is nothing to delete." in done.stderr


def test_what_was_rolled_back_is_a_document(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore
) -> None:
    # given
    store.deploy(a="1", b="1")
    store.deploy(a="2", b="2")
    functions = Functions({"a": "2", "b": "2"}, newest=2, fails={"a": ChangedError()})
    # when a function is in the way
    done = run(monkeypatch, functions, store, "rollback", "--yes", "--json")
    # then
    assert done.exit_code == 1
    moves = [{"function": name, "before": "2", "after": "1"} for name in "ab"]
    reason = "somebody else has moved it in the meantime"
    assert json.loads(done.stdout) == {"functions": moves, "failed": {"a": reason}}
    assert "b: version 1 is live instead of 2." in done.stderr
    # when it is run again
    functions.fails.clear()
    done = run(monkeypatch, functions, store, "rollback", "--yes", "--json")
    # then
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"functions": moves[:1], "failed": {}}
    assert "The next deploy makes the newest versions live again" in done.stderr
    # when all of it is back
    done = run(monkeypatch, functions, store, "rollback", "--yes", "--json")
    # then
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"functions": [], "failed": {}}
    assert "Nothing to do" in done.stderr


@pytest.mark.parametrize("arguments", [["rollback"], ["versions", "--prune", "1"]])
def test_nothing_is_done_where_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, store: ParameterStore, arguments: list[str]
) -> None:
    store.deploy(a="1")
    store.deploy(a="5")
    functions = Functions({"a": "5"}, newest=7)
    done = run(monkeypatch, functions, store, *arguments, answer="y\n")
    assert done.exit_code == 2, done.output
    assert "use --yes" in done.stderr
    assert (functions.live, functions.deleted) == ({"a": "5"}, [])
