"""What guards, starts and watches the pipeline cannot go unseen."""

import json

import pytest

from plan_review.findings import Deployment
from tests.plan_review.complaints import Said, cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, nested, plan_of

HERE = Deployment("prod", "prod", "123456789012")
SUBSCRIPTION = "aws_sns_topic_subscription.audit"


MUST_STAY = [
    ("aws_wafv2_web_acl", "firewall-stays", ", and the API is without it"),
    ("aws_wafv2_web_acl_association", "firewall-stays", ", and the API is without it"),
    ("aws_cloudwatch_event_rule", "keeps-running", ": what it starts is not started any more"),
    ("aws_cloudwatch_event_target", "keeps-running", ": what it starts is not started any more"),
    ("aws_scheduler_schedule", "keeps-running", ": what it starts is not started any more"),
    ("aws_lambda_alias", "keeps-running", ": what calls the function by it gets an error"),
    (
        "aws_lambda_permission",
        "keeps-running",
        ": whoever it let in cannot call the function any more",
    ),
    ("aws_cloudwatch_metric_alarm", "watched", ", and nobody is told any more"),
    ("aws_cloudwatch_composite_alarm", "watched", ", and nobody is told any more"),
]


@pytest.mark.parametrize(("kind", "rule", "so"), MUST_STAY)
def test_what_must_stay_is_neither_destroyed_nor_forgotten(kind: str, rule: str, so: str) -> None:
    address = f"{kind}.orders"
    for action, becomes in (("delete", "destroyed"), ("forget", "forgotten")):
        there = {"name": "a", "actions_enabled": True}
        gone = plan_of(change(address, there, None, actions=[action]))
        assert complaints(gone, rule, deployment=HERE) == fails(address, f"is {becomes}{so}")
    assert complaints(plan_of(change(address, None, {"name": "a"})), rule, deployment=HERE) == []
    assert (
        complaints(plan_of(change(address, {"name": "a"}, {"name": "b"})), rule, deployment=HERE)
        == []
    )


@pytest.mark.parametrize("rule", ["firewall-stays", "keeps-running", "watched"])
def test_what_guards_starts_and_watches_nothing_may_go(rule: str) -> None:
    assert complaints(plan_of(change("aws_sns_topic.old", {"name": "a"}, None)), rule) == []


@pytest.mark.parametrize("kind", ["aws_wafv2_web_acl", "aws_wafv2_web_acl_association"])
def test_a_firewall_is_not_replaced(kind: str) -> None:
    replaced = change(f"{kind}.orders", {}, {}, actions=["delete", "create"])
    assert complaints(plan_of(replaced), "firewall-stays") == fails(
        f"{kind}.orders", "is replaced, and the API is without it"
    )


@pytest.mark.parametrize("kind", ["aws_lambda_alias", "aws_cloudwatch_metric_alarm"])
def test_what_is_replaced_at_once_works_on(kind: str) -> None:
    replaced = change(f"{kind}.orders", {}, {}, actions=["create", "delete"])
    assert complaints(plan_of(replaced), "keeps-running") == []
    assert complaints(plan_of(replaced), "watched") == []


@pytest.mark.parametrize(
    ("kind", "attribute", "off", "on"),
    [
        ("aws_lambda_event_source_mapping", "enabled", False, True),
        ("aws_cloudwatch_event_rule", "is_enabled", False, True),
        ("aws_cloudwatch_event_rule", "state", "DISABLED", "ENABLED"),
        ("aws_scheduler_schedule", "state", "DISABLED", "ENABLED"),
    ],
)
def test_nothing_that_starts_a_function_is_off(
    kind: str, attribute: str, off: object, on: object
) -> None:
    address = f"{kind}.payment"
    turned_off = plan_of(change(address, {attribute: on}, {attribute: off}))
    assert complaints(turned_off, "keeps-running") == fails(
        address, f"is turned off by {attribute}"
    )
    for well in ({attribute: on}, {attribute: None}):
        assert complaints(plan_of(change(address, None, well)), "keeps-running") == []


@pytest.mark.parametrize("kind", ["aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"])
@pytest.mark.parametrize(
    ("attribute", "on", "off"),
    [
        ("actions_enabled", True, False),
        ("alarm_actions", ["arn:aws:sns:eu-west-2:1:alarms"], []),
        ("alarm_actions", ["arn:aws:sns:eu-west-2:1:alarms"], None),
    ],
)
def test_an_alarm_goes_on_telling_people(
    kind: str, attribute: str, on: object, off: object
) -> None:
    def becoming(address: str, was: object, is_now: object) -> list[Said]:
        before, after = {attribute: was, "period": 60}, {attribute: is_now, "period": 300}
        return complaints(plan_of(change(address, before, after)), "watched")

    alarm = f"{kind}.dlq"
    assert becoming(alarm, on, off) == fails(alarm, f"{attribute} is off, and nobody is told")
    assert becoming(alarm, on, on) == []
    assert becoming(alarm, off, on) == []
    assert becoming(alarm, off, off) == []
    assert becoming("aws_cloudwatch_dashboard.orders", on, off) == []


@pytest.mark.parametrize("kind", ["aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"])
def test_an_alarm_goes_on_telling_everybody_whom_it_told(kind: str) -> None:
    alarm = f"{kind}.dlq"

    def telling(*is_now: str | None, known: object = False) -> list[Said]:
        before, after = {"alarm_actions": ["night", "day"]}, {"alarm_actions": list(is_now)}
        waits = {"alarm_actions": known}
        return complaints(plan_of(change(alarm, before, after, after_unknown=waits)), "watched")

    assert telling("day") == fails(alarm, "no longer tells night")
    assert telling("night") == fails(alarm, "no longer tells day")
    assert telling("noon") == fails(alarm, "no longer tells night", "no longer tells day")
    assert telling("day", "night") == []
    assert telling("noon", "day", "night") == []
    assert telling() == fails(alarm, "alarm_actions is off, and nobody is told")
    assert telling(known=True) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("aws_api_gateway_method_settings", "settings.0.data_trace_enabled"),
        ("aws_apigatewayv2_stage", "default_route_settings.0.data_trace_enabled"),
    ],
)
def test_bodies_are_not_logged(kind: str, path: str) -> None:
    address = f"{kind}.all"

    def tracing(value: object) -> list[Said]:
        return complaints(plan_of(change(address, None, nested(path, value))), "bodies-not-logged")

    assert tracing(True) == fails(address, "logs whole requests and answers")
    assert tracing(False) == []
    assert tracing(None) == []
    later = change(address, None, {}, after_unknown=nested(path, True))
    is_set = configured({address: {path.partition(".")[0]: ["var.traces"]}})
    assert complaints(
        plan_of(later, configuration=is_set), "bodies-not-logged"
    ) == cannot_be_judged(address, f"{path} is known after the apply only")
    assert complaints(plan_of(later), "bodies-not-logged") == []
    known = change(address, None, nested(path, False))
    assert complaints(plan_of(known, configuration=is_set), "bodies-not-logged") == []


ROLE = "aws_iam_role.payment"
BOUNDARY = "arn:aws:iam::123456789012:policy/ci-boundary-policy-prod"


@pytest.mark.parametrize("boundary", [None, ""])
def test_a_role_has_its_boundary_outside_local(boundary: str | None) -> None:
    bare = plan_of(change(ROLE, None, {"permissions_boundary": boundary}))
    assert complaints(bare, "roles-bounded") == fails(ROLE, "has no permissions boundary")
    assert complaints(bare, "roles-bounded", deployment=Deployment("local", "local")) == []
    bounded = plan_of(change(ROLE, None, {"permissions_boundary": BOUNDARY}))
    assert complaints(bounded, "roles-bounded") == []


def test_a_boundary_that_is_known_later_has_to_be_set() -> None:
    later = change(ROLE, None, {}, after_unknown={"permissions_boundary": True})
    is_set = configured({ROLE: {"permissions_boundary": ["aws_iam_policy.boundary.arn"]}})
    assert complaints(plan_of(later, configuration=is_set), "roles-bounded") == []
    assert complaints(plan_of(later), "roles-bounded") == fails(ROLE, "has no permissions boundary")


@pytest.mark.parametrize("name", ["api-logging-role", "ci-apply-role", "ci-plan-role"])
def test_a_role_of_the_account_itself_has_no_boundary(name: str) -> None:
    roles = [change(f"aws_iam_role.{each}", None, {}) for each in (name, "payment")]
    assert complaints(plan_of(*roles), "roles-bounded") == fails(
        ROLE, "has no permissions boundary"
    )


@pytest.mark.parametrize("protocol", ["http", "https", "lambda", "application"])
def test_events_do_not_leave_by_a_new_kind_of_subscription(protocol: str) -> None:
    comes = change(SUBSCRIPTION, None, {"protocol": protocol, "endpoint": "https://example.org"})
    changes = change(SUBSCRIPTION, {"protocol": "sqs"}, {"protocol": protocol})
    for plan in (plan_of(comes), plan_of(changes)):
        assert complaints(plan, "events-stay-inside") == fails(
            SUBSCRIPTION, f"takes events out by {protocol}"
        )
    same = change(SUBSCRIPTION, {"protocol": protocol}, {"protocol": protocol, "raw": True})
    assert complaints(plan_of(same), "events-stay-inside") == []


@pytest.mark.parametrize("protocol", ["email", "firehose", "sms", "sqs"])
def test_events_go_where_the_pipeline_sends_them(protocol: str) -> None:
    new = change(SUBSCRIPTION, None, {"protocol": protocol})
    assert complaints(plan_of(new), "events-stay-inside") == []


def test_only_who_is_subscribed_gets_events() -> None:
    gone = change(SUBSCRIPTION, {"protocol": "https"}, None)
    topic = change("aws_sns_topic.audit", None, {"protocol": "https"})
    assert complaints(plan_of(gone, topic), "events-stay-inside") == []


def test_events_do_not_go_to_another_account_s_queue() -> None:
    def to(account: str, deployment: Deployment = HERE) -> list[Said]:
        endpoint = f"arn:aws:sqs:eu-west-2:{account}:audit"
        new = change(SUBSCRIPTION, None, {"protocol": "sqs", "endpoint": endpoint})
        return complaints(plan_of(new), "events-stay-inside", deployment=deployment)

    assert to("999999999999") == fails(
        SUBSCRIPTION,
        "takes events to another account: arn:aws:sqs:eu-west-2:999999999999:audit",
    )
    assert to("123456789012") == []
    # Whose account it is, nothing tells.
    assert to("999999999999", Deployment("prod", "prod")) == []
    values = {"protocol": "sqs"}
    later = change(SUBSCRIPTION, None, values, after_unknown={"endpoint": True})
    assert complaints(plan_of(later), "events-stay-inside", deployment=HERE) == []
    by_email = change(SUBSCRIPTION, None, {"protocol": "email", "endpoint": "a@example.org"})
    assert complaints(plan_of(by_email), "events-stay-inside", deployment=HERE) == []


@pytest.mark.parametrize("attribute", ["filter_policy", "filter_policy_scope"])
def test_people_look_at_another_filter_and_not_at_another_way_to_write_it(attribute: str) -> None:
    def becoming(was: str | None, is_now: str | None) -> list[Said]:
        before, after = ({"protocol": "sqs", attribute: each} for each in (was, is_now))
        return complaints(plan_of(change(SUBSCRIPTION, before, after)), "events-stay-inside")

    filter_ = json.dumps({"eventType": ["OrderPlaced"]})
    changes = cannot_be_judged(SUBSCRIPTION, f"its {attribute} changes")
    for was, is_now in (
        (filter_, None),
        (None, filter_),
        ("{}", filter_),
        (filter_, filter_.replace("Placed", "Shipped")),
        ("MessageAttributes", "MessageBody"),
    ):
        assert becoming(was, is_now) == changes
    assert becoming(filter_, json.dumps(json.loads(filter_), indent=2)) == []
    assert becoming("MessageBody", "MessageBody") == []
    assert becoming(None, "") == []
    assert becoming("", None) == []


@pytest.mark.parametrize("attribute", ["filter_policy", "filter_policy_scope"])
def test_a_filter_that_is_known_later_is_another_one_where_it_is_set(attribute: str) -> None:
    before = {"protocol": "sqs", attribute: None}
    later = change(SUBSCRIPTION, before, {"protocol": "sqs"}, after_unknown={attribute: True})
    is_set = configured({SUBSCRIPTION: {attribute: ["var.filter"]}})
    assert complaints(
        plan_of(later, configuration=is_set), "events-stay-inside"
    ) == cannot_be_judged(SUBSCRIPTION, f"its {attribute} changes")
    assert complaints(plan_of(later), "events-stay-inside") == []
