"""Every function has a way out for what fails, traces, a log and a bound."""

import json
from typing import Any

import pytest

from plan_review.findings import Deployment, Verdict
from tests.plan_review.complaints import Said, cannot_be_judged, complaints, fails
from tests.plan_review.plans import change, configured, nested, plan_of

DEV = Deployment("dev", "dev")
SQS = "arn:aws:sqs:eu-west-2:123456789012:"
LAMBDA = "arn:aws:lambda:eu-west-2:123456789012:function:"
FUNCTION = "aws_lambda_function.payment"
MAPPING = "aws_lambda_event_source_mapping.payment"
QUEUE = "aws_sqs_queue.payment"
SUBSCRIPTION = "aws_sns_topic_subscription.payment"
REDRIVE = json.dumps({"deadLetterTargetArn": f"{SQS}payment-dlq-prod", "maxReceiveCount": 3})


def named(address: str, **values: Any) -> dict[str, Any]:
    """Return a new resource that is called after its address."""
    kind, name = address.split(".")
    attribute = "function_name" if kind == "aws_lambda_function" else "name"
    return change(address, None, {attribute: f"{name}-prod"} | values)


def mapping(**values: Any) -> dict[str, Any]:
    return change(
        MAPPING,
        None,
        {"event_source_arn": f"{SQS}payment-prod", "function_name": "payment-prod"} | values,
    )


def later(address: str, *paths: str, **values: Any) -> dict[str, Any]:
    """Return a new resource of whose values some are known after the apply only."""
    unknown: dict[str, Any] = {}
    for path in paths:
        unknown |= nested(path, True)
    return change(address, None, values, after_unknown=unknown)


def dead_letters(*changes: dict[str, Any], **more: Any) -> list[Said]:
    return complaints(plan_of(*changes, **more), "dead-letters")


# Dead letters of queues


WORKED_OFF = fails(QUEUE, f"has no dead-letter queue, and {MAPPING} works it off")
LATER = "its redrive policy is known after the apply only"
NOWHERE = [None, "", "{}", '{"maxReceiveCount": 3}', "not JSON", "[]", "null", "3", '"x"']


@pytest.mark.parametrize("redrive", NOWHERE)
def test_a_queue_that_leads_nowhere_has_no_dead_letter_queue(redrive: str | None) -> None:
    nowhere = {"redrive_policy": redrive}
    of_none = "has no dead-letter queue, and is none"
    assert dead_letters(mapping(), named(QUEUE, **nowhere)) == WORKED_OFF
    assert dead_letters(named(QUEUE, **nowhere)) == fails(QUEUE, of_none)
    assert dead_letters(change(SUBSCRIPTION, None, {"protocol": "sqs"} | nowhere)) == fails(
        SUBSCRIPTION, of_none
    )


def test_a_queue_with_a_dead_letter_queue_is_well() -> None:
    parking = named("aws_sqs_queue.payment-dlq")
    assert dead_letters(mapping(), named(QUEUE, redrive_policy=REDRIVE), parking) == []
    assert dead_letters(named(QUEUE, redrive_policy=REDRIVE), parking) == []


def test_dead_letters_do_not_come_back() -> None:
    def leading(queue: str, to: str) -> dict[str, Any]:
        target = {"redrive_policy": REDRIVE.replace("payment-dlq", to)}
        return named(f"aws_sqs_queue.{queue}", **target)

    def coming_back(*queues: str) -> list[Said]:
        back = "its dead letters come back to it"
        return [said for each in queues for said in fails(f"aws_sqs_queue.{each}", back)]

    to_itself = leading("payment", "payment")
    there, back = leading("payment", "parked"), leading("parked", "payment")
    on, to_parked = leading("payment", "on"), leading("on", "parked")
    assert dead_letters(to_itself) == coming_back("payment")
    assert dead_letters(mapping(), to_itself) == coming_back("payment")
    assert dead_letters(there, back) == coming_back("payment", "parked")
    assert dead_letters(on, to_parked, back) == coming_back("payment", "on", "parked")
    # Who only leads to a circle is not part of it, and a way may be long.
    assert dead_letters(leading("other", "payment"), there, back) == coming_back(
        "payment", "parked"
    )
    assert dead_letters(on, to_parked, named("aws_sqs_queue.parked")) == []


def test_a_queue_of_another_stack_cannot_be_judged() -> None:
    unseen = cannot_be_judged(MAPPING, "its queue is not in this plan")
    other = named("aws_sqs_queue.other", redrive_policy=REDRIVE)
    assert dead_letters(mapping()) == unseen
    assert dead_letters(mapping(), other) == unseen
    assert dead_letters(later(MAPPING, "event_source_arn"), other) == unseen


def test_a_redrive_policy_that_is_known_later_counts_only_where_it_is_set() -> None:
    queue = later(QUEUE, "redrive_policy", name="payment-prod")
    to_queue = later(SUBSCRIPTION, "redrive_policy", protocol="sqs")
    to_another = {"redrive_policy": ["aws_sqs_queue.elsewhere.arn"]}
    is_set = configured({QUEUE: to_another, SUBSCRIPTION: to_another})
    of_none = "has no dead-letter queue, and is none"
    for address, changes, none in (
        (QUEUE, [queue, mapping()], WORKED_OFF),
        (QUEUE, [queue], fails(QUEUE, of_none)),
        (SUBSCRIPTION, [to_queue], fails(SUBSCRIPTION, of_none)),
    ):
        assert dead_letters(*changes, configuration=is_set) == cannot_be_judged(address, LATER)
        assert dead_letters(*changes) == none
    known = named(QUEUE, redrive_policy=REDRIVE)
    assert dead_letters(known, named("aws_sqs_queue.payment-dlq"), configuration=is_set) == []


@pytest.mark.parametrize("protocol", ["sqs", "firehose", "https", "lambda"])
def test_a_subscription_does_not_lose_its_dead_letter_queue(protocol: str) -> None:
    kept = {"protocol": protocol, "redrive_policy": REDRIVE}
    lost = change(SUBSCRIPTION, kept, kept | {"redrive_policy": None})
    of_none = "has no dead-letter queue, and is none"
    assert dead_letters(change(SUBSCRIPTION, kept, kept)) == []
    assert dead_letters(lost) == fails(SUBSCRIPTION, of_none)


@pytest.mark.parametrize("protocol", ["email", "email-json", "sms"])
def test_a_person_s_subscription_needs_no_dead_letter_queue(protocol: str) -> None:
    assert dead_letters(change(SUBSCRIPTION, None, {"protocol": protocol})) == []


FAILURES_LEAD_BY = [
    ("aws_sqs_queue", "redrive_policy", ""),
    ("aws_sns_topic_subscription", "redrive_policy", ""),
    (
        "aws_lambda_event_source_mapping",
        "destination_config",
        ".0.on_failure.0.destination_arn",
    ),
    (
        "aws_lambda_function_event_invoke_config",
        "destination_config",
        ".0.on_failure.0.destination",
    ),
    ("aws_lambda_function", "dead_letter_config", ".0.target_arn"),
    ("aws_cloudwatch_event_target", "dead_letter_config", ".0.arn"),
]


@pytest.mark.parametrize(("kind", "attribute", "path"), FAILURES_LEAD_BY)
def test_where_failures_are_led_to_is_a_dead_letter_queue(
    kind: str, attribute: str, path: str
) -> None:
    parking = named("aws_sqs_queue.payment-dlq")
    address = f"{kind}.orders"
    stream = {"starting_position": "LATEST"}

    def asked(*changes: dict[str, Any], **more: Any) -> bool:
        """Say whether the queue is asked for a dead-letter queue of its own."""
        said_of = dead_letters(parking, *changes, **more)
        return "aws_sqs_queue.payment-dlq" in {at for at, *_ in said_of}

    def leading(target: str) -> dict[str, Any]:
        return change(address, None, nested(f"{attribute}{path}", target) | stream)

    known = REDRIVE if attribute == "redrive_policy" else f"{SQS}payment-dlq-prod"
    assert not asked(leading(known))
    assert asked(leading(known.replace("payment-dlq", "other")))
    assert asked(leading(known.replace(":sqs:", ":sns:")))  # a topic of the same name
    assert asked(change(address, None, stream))
    unknown = later(address, attribute, **stream)
    refers = {attribute: ["aws_sqs_queue.payment-dlq.arn"]}
    assert not asked(unknown, configuration=configured({address: refers}))
    assert asked(unknown)


OVERFLOW = "aws_sqs_queue.intake-overflow-queue"
OVERFLOW_ARN = f"{SQS}intake-overflow-queue-prod"
PARKS = nested("environment.0.variables.DEAD_LETTER_QUEUE_URL", "https://sqs/dlq")


def test_the_overflow_is_parked_by_its_function() -> None:
    drain = mapping(event_source_arn=OVERFLOW_ARN)
    nobody = fails(OVERFLOW, f"has no dead-letter queue, and {MAPPING} works it off")
    parking = named("aws_sqs_queue.intake-overflow-dlq")
    known = named(FUNCTION, **PARKS)
    unknown = later(FUNCTION, "environment.0.variables", function_name="payment-prod")
    for function in (known, unknown):
        assert dead_letters(named(OVERFLOW), parking, drain, function) == []
    assert dead_letters(named(OVERFLOW), parking, drain) == nobody
    assert dead_letters(named(OVERFLOW), parking, drain, named(FUNCTION)) == nobody
    empty = nested("environment.0.variables.DEAD_LETTER_QUEUE_URL", "")
    assert dead_letters(named(OVERFLOW), parking, drain, named(FUNCTION, **empty)) == nobody


def test_no_other_queue_is_parked_by_its_function() -> None:
    assert dead_letters(named(QUEUE), mapping(), named(FUNCTION, **PARKS)) == WORKED_OFF


def test_where_the_overflow_is_parked_is_a_dead_letter_queue_only_beside_the_overflow() -> None:
    parking = "aws_sqs_queue.intake-overflow-dlq"
    of_none = "has no dead-letter queue, and is none"
    assert dead_letters(named(parking)) == fails(parking, of_none)
    # No function works the overflow off in this plan, so nothing parks what is in it.
    assert dead_letters(named(parking), named(OVERFLOW)) == fails(OVERFLOW, of_none)


# Dead letters of streams and of asynchronous calls


def test_a_stream_s_mapping_has_an_on_failure_destination() -> None:
    stream = {"starting_position": "LATEST"}
    to_queue = nested("destination_config.0.on_failure.0.destination_arn", f"{SQS}dlq")
    without = fails(MAPPING, "has no on-failure destination")
    assert dead_letters(mapping(**stream)) == without
    assert dead_letters(mapping(**stream, **to_queue)) == []
    destination = "destination_config.0.on_failure.0.destination_arn"
    assert dead_letters(later(MAPPING, destination, **stream)) == []


GOES_NOWHERE = (
    "is invoked asynchronously, and what fails goes nowhere: no on-failure destination, or no"
    " alarm on its errors"
)
CONFIG = "aws_lambda_function_event_invoke_config.payment"
EVENTS = "events.amazonaws.com"


def permission(principal: str = EVENTS, function: str = "payment") -> dict[str, Any]:
    values = {"principal": principal, "function_name": f"{function}-prod"}
    return change(f"aws_lambda_permission.{function}", None, values)


def called(*changes: dict[str, Any]) -> list[Said]:
    """Return what is said where a schedule calls the function."""
    return dead_letters(permission(), named(FUNCTION), *changes)


@pytest.mark.parametrize(
    "principal", ["events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"]
)
def test_who_does_not_wait_needs_a_place_for_what_fails(principal: str) -> None:
    assert dead_letters(permission(principal), named(FUNCTION)) == fails(FUNCTION, GOES_NOWHERE)


def test_who_waits_sees_for_itself_what_fails() -> None:
    assert dead_letters(permission("apigateway.amazonaws.com"), named(FUNCTION)) == []


def test_functions_are_told_in_order_and_those_of_other_stacks_not() -> None:
    def with_permission(name: str) -> list[dict[str, Any]]:
        return [permission(function=name), named(f"aws_lambda_function.{name}")]

    names = ["shipping", "payment", "refunds", "audit", "intake"]
    changes = [each for name in names for each in with_permission(name)]
    assert [at for at, *_ in dead_letters(*changes, permission(function="elsewhere"))] == [
        f"aws_lambda_function.{name}" for name in sorted(names)
    ]


def test_an_on_failure_destination_is_a_place_for_what_fails() -> None:
    def config(name: str, **values: Any) -> dict[str, Any]:
        values |= {"function_name": f"{name}-prod"}
        return change(f"aws_lambda_function_event_invoke_config.{name}", None, values)

    to_queue = nested("destination_config.0.on_failure.0.destination", f"{SQS}dlq")
    nowhere = fails(FUNCTION, GOES_NOWHERE)
    assert called(config("payment", **to_queue)) == []
    assert called(config("payment")) == nowhere
    others = [named("aws_lambda_function.other"), config("other", **to_queue)]
    assert called(*others) == nowhere
    assert called(config("elsewhere", **to_queue)) == nowhere
    assert called(*others, config("payment", **to_queue)) == []


ALARM = {
    "metric_name": "Errors",
    "dimensions": {"FunctionName": "payment-prod"},
    "alarm_actions": ["arn:aws:sns:eu-west-2:123456789012:alarms"],
}


def watched(retries: int | None, **alarm: Any) -> list[Said]:
    values = {"function_name": "payment-prod", "maximum_retry_attempts": retries}
    return called(
        named("aws_lambda_function.other"),
        change(CONFIG, None, values),
        change("aws_cloudwatch_metric_alarm.payment", None, ALARM | alarm),
    )


def test_without_retries_an_alarm_will_do() -> None:
    nowhere = fails(FUNCTION, GOES_NOWHERE)
    for enabled in (True, None):
        assert watched(0, actions_enabled=enabled) == []
    for retries in (1, 2, None):
        assert watched(retries) == nowhere
    values = {"function_name": "payment-prod", "maximum_retry_attempts": 0}
    assert called(change(CONFIG, None, values)) == nowhere


@pytest.mark.parametrize(
    "other",
    [
        {"metric_name": "Duration"},
        {"dimensions": {"FunctionName": "other-prod"}},
        {"dimensions": None},
        {"alarm_actions": []},
        {"actions_enabled": False},
    ],
)
def test_an_alarm_on_something_else_or_that_tells_nobody_will_not_do(
    other: dict[str, Any],
) -> None:
    assert watched(0, **other) == fails(FUNCTION, GOES_NOWHERE)


# Which function and which queue it is


@pytest.mark.parametrize(
    "told",
    [
        "payment-prod",
        "payment-prod:live",
        f"{LAMBDA}payment-prod",
        f"{LAMBDA}payment-prod:live",
        f"{LAMBDA}payment-prod:3",
        "123456789012:function:payment-prod:live",
    ],
)
def test_a_function_is_known_by_its_name_or_its_arn(told: str) -> None:
    drain = mapping(event_source_arn=OVERFLOW_ARN, function_name=told)
    parking = named("aws_sqs_queue.intake-overflow-dlq")
    others = [named("aws_lambda_function.other"), named("aws_lambda_function.function")]
    parks = named(FUNCTION, **PARKS)
    assert dead_letters(named(OVERFLOW), parking, drain, *others, parks) == []
    assert len(dead_letters(named(OVERFLOW), parking, drain, *others)) == 1


def test_a_function_is_known_by_reference_also_to_its_alias() -> None:
    drain = later(MAPPING, "function_name", event_source_arn=OVERFLOW_ARN)
    alias = later("aws_lambda_alias.live", "function_name")
    other_alias = change("aws_lambda_alias.other", None, {"function_name": "other-prod"})
    others = [
        named(OVERFLOW),
        named("aws_sqs_queue.intake-overflow-dlq"),
        named("aws_lambda_function.other"),
        other_alias,
        alias,
    ]
    parks = later(FUNCTION, "function_name", **PARKS)
    to_function = {MAPPING: {"function_name": [f"{FUNCTION}.arn"]}}
    to_alias = {
        MAPPING: {"function_name": ["aws_lambda_alias.live.arn"]},
        "aws_lambda_alias.live": {"function_name": [f"{FUNCTION}.function_name"]},
    }
    for references in (to_function, to_alias):
        assert dead_letters(*others, drain, parks, configuration=configured(references)) == []
    assert len(dead_letters(*others, drain, parks)) == 1


def test_a_queue_is_known_by_reference() -> None:
    refers = configured({MAPPING: {"event_source_arn": [f"{QUEUE}.arn"]}})
    queue = later(QUEUE, "name", "arn")
    other = named("aws_sqs_queue.other", redrive_policy=REDRIVE)
    reads = later(MAPPING, "event_source_arn")
    assert dead_letters(other, queue, reads, configuration=refers) == WORKED_OFF


# Traces and logs


def test_functions_and_stages_are_traced() -> None:
    stage = "aws_api_gateway_stage.orders"

    def found(address: str, path: str, value: object) -> list[Said]:
        return complaints(plan_of(change(address, None, nested(path, value))), "traced")

    for mode in ("PassThrough", None):
        not_traced = fails(FUNCTION, "is not traced")
        assert found(FUNCTION, "tracing_config.0.mode", mode) == not_traced
    assert found(FUNCTION, "tracing_config.0.mode", "Active") == []
    for enabled in (False, None):
        assert found(stage, "xray_tracing_enabled", enabled) == fails(stage, "is not traced")
    assert found(stage, "xray_tracing_enabled", True) == []


def logged(*changes: dict[str, Any], **more: Any) -> list[Said]:
    return complaints(plan_of(*changes, **more), "logged")


def test_a_function_has_its_log_group_by_lambda_s_name_or_one_of_its_own() -> None:
    none = fails(FUNCTION, "has no log group of its own in this plan")
    group = change("aws_cloudwatch_log_group.payment", None, {"name": "/aws/lambda/payment-prod"})
    other = change("aws_cloudwatch_log_group.payment", None, {"name": "/orders/payment"})
    own = named(FUNCTION, **nested("logging_config.0.log_group", "/orders/payment"))
    assert logged(named(FUNCTION), group) == []
    assert logged(own, other) == []
    assert logged(named(FUNCTION)) == none
    assert logged(named(FUNCTION), other) == none
    assert logged(own, group) == none


def test_a_log_group_that_is_known_later_is_one_of_this_stack() -> None:
    function = later(FUNCTION, "logging_config.0.log_group", function_name="payment-prod")
    unknown = cannot_be_judged(FUNCTION, "its log group is known after the apply only")

    def referring(*references: str) -> list[Said]:
        refers = configured({FUNCTION: {"logging_config": list(references)}})
        return logged(function, configuration=refers)

    group = "aws_cloudwatch_log_group.payment.name"
    assert referring(group) == []
    assert referring("aws_ssm_parameter.group.value", group) == []
    assert referring("aws_ssm_parameter.group.value") == unknown
    assert referring() == unknown


def test_a_stage_keeps_an_access_log() -> None:
    stage = "aws_api_gateway_stage.orders"
    none = fails(stage, "keeps no access log")
    assert logged(change(stage, None, {"access_log_settings": []})) == none
    assert logged(change(stage, None, {})) == none
    assert logged(change(stage, None, {"access_log_settings": [{"format": "$requestId"}]})) == []


# Concurrency


def bounded(*changes: dict[str, Any], deployment: Deployment = DEV) -> list[Said]:
    return complaints(plan_of(*changes), "concurrency-bounded", deployment=deployment)


def reserving(number: int | None) -> dict[str, Any]:
    return named(FUNCTION, reserved_concurrent_executions=number)


def up_to(number: int | None) -> dict[str, Any]:
    return mapping(**nested("scaling_config.0.maximum_concurrency", number))


def test_a_mapping_of_a_queue_has_a_maximum() -> None:
    none = fails(MAPPING, "has no maximum concurrency")
    assert bounded(mapping()) == none
    assert bounded(up_to(2)) == []
    assert bounded(mapping(starting_position="LATEST")) == []


def test_each_mapping_is_looked_at() -> None:
    stream = change("aws_lambda_event_source_mapping.a", None, {"starting_position": "LATEST"})
    boundless = change("aws_lambda_event_source_mapping.b", None, {})
    assert [at for at, *_ in bounded(stream, boundless, mapping())] == [
        "aws_lambda_event_source_mapping.b",
        MAPPING,
    ]


def test_the_reservation_covers_the_maximum() -> None:
    assert bounded(up_to(5), reserving(4)) == fails(
        MAPPING, "calls up to 5 at once, of which 4 are reserved"
    )
    for number in (5, 6, -1, None):
        assert bounded(up_to(5), reserving(number)) == []
    assert (
        bounded(up_to(5), named("aws_lambda_function.other", reserved_concurrent_executions=1))
        == []
    )


def test_what_is_known_later_is_not_compared() -> None:
    maximum = "scaling_config.0.maximum_concurrency"
    asks_later = later(MAPPING, maximum, function_name="payment-prod")
    reserves_later = later(FUNCTION, "reserved_concurrent_executions", function_name="payment-prod")
    assert bounded(asks_later, reserving(4)) == []
    assert bounded(up_to(5), reserves_later) == []


def test_a_function_does_not_reserve_nothing_at_all() -> None:
    never_runs = (FUNCTION, Verdict.FAIL, "reserves 0, so that it never runs")
    assert bounded(reserving(0)) == [never_runs]
    assert bounded(up_to(2), reserving(0)) == [
        (MAPPING, Verdict.FAIL, "calls up to 2 at once, of which 0 are reserved"),
        never_runs,
    ]


@pytest.mark.parametrize("nothing", [None, -1])
def test_in_prod_every_function_reserves_its_share(nothing: int | None) -> None:
    prod = Deployment("prod", "prod")
    dev_called_prod = Deployment("dev", "prod")  # the environment counts, and not the suffix
    assert bounded(reserving(nothing), deployment=prod) == fails(
        FUNCTION, "reserves no concurrency"
    )
    assert bounded(reserving(nothing), deployment=dev_called_prod) == []
    assert bounded(reserving(1), deployment=prod) == []


@pytest.mark.parametrize("nothing", [None, -1])
@pytest.mark.parametrize("actions", [["update"], ["delete", "create"]])
def test_nowhere_does_a_function_lose_its_share(nothing: int | None, actions: list[str]) -> None:
    def becoming(was: int | None, is_now: int | None, kind: str = "aws_lambda_function") -> Any:
        before, after = ({"reserved_concurrent_executions": each} for each in (was, is_now))
        return bounded(change(f"{kind}.payment", before, after, actions=actions))

    assert becoming(5, nothing) == fails(FUNCTION, "no longer reserves 5")
    assert becoming(5, 4) == []
    assert becoming(nothing, 5) == []
    assert becoming(-1, None) == []
    assert becoming(None, -1) == []
    assert becoming(5, nothing, "aws_lambda_provisioned_concurrency_config") == []


def test_a_function_s_share_comes_and_goes_with_it() -> None:
    share = {"reserved_concurrent_executions": 5}
    assert bounded(change(FUNCTION, None, share)) == []
    assert bounded(change(FUNCTION, share, None)) == []
