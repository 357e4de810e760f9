"""What guards, starts and watches the pipeline cannot go unseen."""

import json
from typing import Any

import pytest

from plan_review.findings import Deployment, Verdict
from plan_review.plan import Plan
from tests.plan_review.plans import change, findings, plan_of

HERE = Deployment("prod", "prod", "123456789012")
SUBSCRIPTION = "aws_sns_topic_subscription.audit"


def found(plan: Plan, rule: str, deployment: Deployment = HERE) -> list[Verdict]:
    return [each.verdict for each in findings(plan, rule=rule, deployment=deployment)]


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("aws_wafv2_web_acl", "firewall-stays"),
        ("aws_wafv2_web_acl_association", "firewall-stays"),
        ("aws_lambda_alias", "keeps-running"),
        ("aws_lambda_permission", "keeps-running"),
        ("aws_cloudwatch_metric_alarm", "watched"),
        ("aws_cloudwatch_composite_alarm", "watched"),
    ],
)
@pytest.mark.parametrize("action", ["delete", "forget"])
def test_what_must_stay_is_neither_destroyed_nor_forgotten(
    kind: str, rule: str, action: str
) -> None:
    gone = change(f"{kind}.orders", {"name": "a"}, None, actions=[action])
    assert found(plan_of(gone), rule) == [Verdict.FAIL]
    assert found(plan_of(change(f"{kind}.orders", None, {"name": "a"})), rule) == []
    assert found(plan_of(change(f"{kind}.orders", {"name": "a"}, {"name": "b"})), rule) == []


@pytest.mark.parametrize("kind", ["aws_wafv2_web_acl", "aws_wafv2_web_acl_association"])
def test_a_firewall_is_not_replaced(kind: str) -> None:
    replaced = change(f"{kind}.orders", {}, {}, actions=["delete", "create"])
    assert found(plan_of(replaced), "firewall-stays") == [Verdict.FAIL]


@pytest.mark.parametrize(
    ("kind", "off", "on"),
    [
        ("aws_lambda_event_source_mapping", {"enabled": False}, {"enabled": True}),
        ("aws_cloudwatch_event_rule", {"is_enabled": False}, {"is_enabled": True}),
        ("aws_cloudwatch_event_rule", {"state": "DISABLED"}, {"state": "ENABLED"}),
        ("aws_scheduler_schedule", {"state": "DISABLED"}, {"state": "ENABLED"}),
    ],
)
def test_nothing_that_starts_a_function_is_off(
    kind: str, off: dict[str, Any], on: dict[str, Any]
) -> None:
    assert found(plan_of(change(f"{kind}.payment", on, off)), "keeps-running") == [Verdict.FAIL]
    assert found(plan_of(change(f"{kind}.payment", None, on)), "keeps-running") == []


@pytest.mark.parametrize("silenced", [{"actions_enabled": False}, {"alarm_actions": []}])
def test_an_alarm_goes_on_telling_people(silenced: dict[str, Any]) -> None:
    telling = {"actions_enabled": True, "alarm_actions": ["arn:aws:sns:eu-west-2:1:alarms"]}
    silent = change("aws_cloudwatch_metric_alarm.dlq", telling, telling | silenced)
    assert found(plan_of(silent), "watched") == [Verdict.FAIL]


def test_bodies_are_not_logged() -> None:
    def settings(traces: bool) -> Plan:
        values = {"settings": [{"data_trace_enabled": traces}]}
        return plan_of(change("aws_api_gateway_method_settings.all", None, values))

    assert found(settings(True), "bodies-not-logged") == [Verdict.FAIL]
    assert found(settings(False), "bodies-not-logged") == []


def test_a_role_has_its_boundary_outside_local() -> None:
    bare = plan_of(change("aws_iam_role.payment", None, {"permissions_boundary": None}))
    assert found(bare, "roles-bounded") == [Verdict.FAIL]
    assert found(bare, "roles-bounded", Deployment("local", "local")) == []
    bounded = {"permissions_boundary": "arn:aws:iam::123456789012:policy/ci-boundary-policy-prod"}
    assert found(plan_of(change("aws_iam_role.payment", None, bounded)), "roles-bounded") == []


@pytest.mark.parametrize("protocol", ["http", "https", "lambda", "application"])
def test_events_do_not_leave_by_a_new_kind_of_subscription(protocol: str) -> None:
    new = change(SUBSCRIPTION, None, {"protocol": protocol, "endpoint": "https://example.org"})
    was = change(SUBSCRIPTION, {"protocol": "sqs"}, {"protocol": protocol})
    for plan in (plan_of(new), plan_of(was)):
        assert found(plan, "events-stay-inside") == [Verdict.FAIL]


@pytest.mark.parametrize("protocol", ["email", "firehose", "sms", "sqs"])
def test_events_go_where_the_pipeline_sends_them(protocol: str) -> None:
    new = change(SUBSCRIPTION, None, {"protocol": protocol})
    assert found(plan_of(new), "events-stay-inside") == []


def test_events_do_not_go_to_another_account_s_queue() -> None:
    theirs = "arn:aws:sqs:eu-west-2:999999999999:theirs"
    new = change(SUBSCRIPTION, None, {"protocol": "sqs", "endpoint": theirs})
    assert found(plan_of(new), "events-stay-inside") == [Verdict.FAIL]


def test_people_look_at_another_filter_and_not_at_another_way_to_write_it() -> None:
    def changed(was: str | None, is_now: str | None) -> Plan:
        before, after = ({"protocol": "sqs", "filter_policy": each} for each in (was, is_now))
        return plan_of(change(SUBSCRIPTION, before, after))

    filter_ = {"eventType": ["OrderPlaced"]}
    assert found(changed(json.dumps(filter_), None), "events-stay-inside") == [Verdict.CANNOT_JUDGE]
    assert found(changed("{}", json.dumps(filter_)), "events-stay-inside") == [Verdict.CANNOT_JUDGE]
    written = (json.dumps(filter_), json.dumps(filter_, indent=2))
    assert found(changed(*written), "events-stay-inside") == []


def test_a_key_of_another_account_is_none_of_ours() -> None:
    def queue(account: str) -> Plan:
        key = f"arn:aws:kms:eu-west-2:{account}:key/0e5b3c7e"
        return plan_of(change("aws_sqs_queue.payment", None, {"kms_master_key_id": key}))

    assert found(queue("999999999999"), "encrypted") == [Verdict.FAIL]
    assert found(queue("123456789012"), "encrypted") == []


def test_an_output_is_no_place_for_a_secret() -> None:
    secret = {"actions": ["create"], "before": None, "after": {"key": "whsec_" + "a" * 24}}
    (finding,) = findings(plan_of(output_changes={"Hook": secret}), rule="no-secret-in-plan")
    assert finding.address == "output.Hook"
    harmless = secret | {"after": "orders-table-prod"}
    assert findings(plan_of(output_changes={"Hook": harmless}), rule="no-secret-in-plan") == []
