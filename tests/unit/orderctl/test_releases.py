import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from orderctl.releases import (
    AlreadyBackError,
    Move,
    Release,
    ReleaseRecord,
    RollbackError,
    rollback_of_deployment,
    rollback_of_function,
)
from tests.unit.builders import NOON


class ParameterStore:
    """Parameter Store with one parameter, told in pages of two."""

    def __init__(self) -> None:
        self.values: list[dict[str, Any]] = []

    def deploy(self, **versions: str) -> None:
        self.put_parameter(Value=json.dumps({"versions": versions}), KeyId="our-key")

    def put_parameter(self, **request: Any) -> Mapping[str, Any]:
        number = len(self.values) + 1
        self.values.append(
            {
                "Version": number,
                "Value": request["Value"],
                "KeyId": request.get("KeyId", "alias/aws/ssm"),
                "LastModifiedDate": NOON + timedelta(hours=number),
                "LastModifiedUser": "arn:aws:sts::123456789012:assumed-role/deployer/ada",
            }
        )
        return {}

    def get_parameter_history(self, **request: Any) -> Mapping[str, Any]:
        assert request["WithDecryption"]
        if not self.values:
            raise ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameterHistory")
        first = int(request.get("NextToken", 0))
        page = {"Parameters": self.values[first : first + 2]}
        return page if first + 2 >= len(self.values) else {**page, "NextToken": str(first + 2)}


class Shop:
    """A deployment: the record of its releases, and what is live."""

    def __init__(self) -> None:
        self.store = ParameterStore()
        self.record = ReleaseRecord(self.store, "release-parameter-dev")
        self.live: dict[str, str] = {}

    def deploy(self, **versions: str) -> "Shop":
        self.live = dict(versions)
        self.store.deploy(**versions)
        return self

    def rollback(self, function: str | None = None, *, moved: int = 9) -> list[Move]:
        """Roll back; only so many aliases are moved before it ends."""
        history = self.record.history()
        moves = (
            [rollback_of_function(history, self.live, function)]
            if function
            else rollback_of_deployment(history, self.live)
        )
        self.record.record(history[-1], moves, of=function or "deployment")
        for move in moves[:moved]:
            self.live[move.function] = move.after
        return moves


def history(shop: Shop) -> Sequence[Release]:
    return shop.record.history()


def test_nothing_is_on_record_before_the_first_deploy() -> None:
    assert history(Shop()) == []


def test_the_history_tells_who_did_what_and_when() -> None:
    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback()
    first, _, last = history(shop)
    assert str(first) == "deployed at 2026-01-31T13:00:00Z by ada"
    assert str(last) == "rolled back at 2026-01-31T15:00:00Z by ada"
    assert last.moved == {"a": "2"}


def test_the_record_stays_encrypted_with_our_key() -> None:
    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback()
    assert shop.store.values[-1]["KeyId"] == "our-key"


def test_what_the_last_deploy_has_changed_goes_back_and_nothing_else() -> None:
    shop = Shop().deploy(a="1", b="1", c="1").deploy(a="2", b="1", c="1")
    shop.deploy(a="2", b="2", c="2")
    assert shop.rollback() == [Move("b", "2", "1"), Move("c", "2", "1")]
    assert shop.live == {"a": "2", "b": "1", "c": "1"}


def test_a_second_rollback_changes_nothing() -> None:
    shop = Shop().deploy(a="1").deploy(a="2").deploy(a="3")
    shop.rollback()
    with pytest.raises(AlreadyBackError, match="rolled back at 2026-01-31T16:00:00Z by ada"):
        shop.rollback()
    assert shop.live == {"a": "2"}


def test_a_rollback_that_ended_half_way_is_finished() -> None:
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="2")
    shop.rollback(moved=1)
    assert shop.live == {"a": "1", "b": "2"}
    assert shop.rollback() == [Move("b", "2", "1")]
    with pytest.raises(AlreadyBackError):
        shop.rollback()


def test_a_deploy_that_ended_half_way_is_undone_as_far_as_it_got_and_no_further() -> None:
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="2")
    shop.live["a"] = "3"  # and the record was not reached
    assert shop.rollback() == [Move("a", "3", "2")]
    with pytest.raises(AlreadyBackError):
        shop.rollback()
    assert shop.live == {"a": "2", "b": "2"}


def test_the_next_rollback_does_not_go_back_to_what_was_withdrawn() -> None:
    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback()
    shop.deploy(a="3")
    assert shop.rollback() == [Move("a", "3", "1")]


def test_a_deploy_without_a_repair_is_rolled_back_like_any_other() -> None:
    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback()
    shop.deploy(a="2")
    assert shop.rollback() == [Move("a", "2", "1")]


def a_deploy_that_did_not_know_of_a_rollback() -> Shop:
    """Return a shop with a deploy of `b` alone, planned before `a` was rolled back from 2 to 1."""
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="2")
    shop.rollback("a")
    shop.deploy(a="2", b="3")
    shop.live["a"] = "1"
    return shop


def test_a_rollback_does_not_bring_back_what_another_has_left() -> None:
    shop = a_deploy_that_did_not_know_of_a_rollback()
    assert shop.rollback() == [Move("b", "3", "2")]
    assert shop.live == {"a": "1", "b": "2"}
    with pytest.raises(AlreadyBackError):
        shop.rollback()


def test_a_function_that_is_back_stays_whatever_a_later_deploy_has_recorded() -> None:
    shop = a_deploy_that_did_not_know_of_a_rollback()
    with pytest.raises(AlreadyBackError, match="a is at 1, rolled back at 2026-01-31T15:00:00Z"):
        shop.rollback("a")
    assert shop.rollback("b") == [Move("b", "3", "2")]


def test_the_deploy_after_it_is_not_rolled_back_to_what_was_left() -> None:
    shop = a_deploy_that_did_not_know_of_a_rollback().deploy(a="3", b="3")
    assert shop.rollback() == [Move("a", "3", "1")]

    shop = a_deploy_that_did_not_know_of_a_rollback().deploy(a="3", b="3")
    assert shop.rollback("a") == [Move("a", "3", "1")]


def test_a_deploy_that_ended_half_way_is_not_undone_to_what_was_left() -> None:
    shop = a_deploy_that_did_not_know_of_a_rollback()
    shop.live["a"] = "4"
    assert shop.rollback() == [Move("a", "4", "1")]


def test_what_was_left_twice_leads_to_where_the_second_rollback_went() -> None:
    shop = Shop().deploy(a="1").deploy(a="2").deploy(a="3")
    shop.rollback()
    shop.record.record(history(shop)[-1], [Move("a", "2", "1")], of="a")
    shop.deploy(a="3")
    shop.live["a"] = "4"
    assert shop.rollback() == [Move("a", "4", "1")]


def test_a_version_that_was_asked_for_again_is_gone_to() -> None:
    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback()
    # when the alias is not reached
    shop.record.record(history(shop)[-1], [Move("a", "1", "2")], of="a")
    # then
    assert shop.rollback() == [Move("a", "1", "2")]


def test_one_function_goes_back_to_before_its_own_last_change() -> None:
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="1").deploy(a="2", b="2")
    assert shop.rollback("a") == [Move("a", "2", "1")]
    with pytest.raises(AlreadyBackError, match="a is at 1, rolled back"):
        shop.rollback("a")
    # and the rest of the last deploy can still be rolled back
    assert shop.rollback() == [Move("b", "2", "1")]


def test_functions_that_went_back_one_by_one_are_not_moved_again() -> None:
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="2")
    shop.rollback("a")
    assert shop.rollback() == [Move("b", "2", "1")]

    shop = Shop().deploy(a="1").deploy(a="2")
    shop.rollback("a")
    with pytest.raises(AlreadyBackError, match="a rolled back one by one"):
        shop.rollback()


def test_the_first_deploy_has_nothing_before_it() -> None:
    shop = Shop().deploy(a="1")
    with pytest.raises(RollbackError, match="no deployment before"):
        shop.rollback()
    with pytest.raises(RollbackError, match="no other version of a is on record"):
        shop.rollback("a")


def test_a_function_that_came_with_the_last_deploy_stays() -> None:
    shop = Shop().deploy(a="1").deploy(a="2", b="1")
    assert shop.rollback() == [Move("a", "2", "1")]
    with pytest.raises(RollbackError, match="no other version of b"):
        shop.rollback("b")

    shop = Shop().deploy(a="1").deploy(a="1", b="1")
    with pytest.raises(RollbackError, match="changed no function that was there before"):
        shop.rollback()


def test_a_function_that_is_gone_is_left_out() -> None:
    shop = Shop().deploy(a="1", b="1").deploy(a="2", b="2")
    del shop.live["b"]
    assert shop.rollback() == [Move("a", "2", "1")]
