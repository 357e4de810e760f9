"""Whether a deployment is well: what is looked at, and what counts as wrong."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from order_pipeline.adapters.orders_table import OrdersTable
from order_pipeline.domain.stored import now
from orderctl.__main__ import app
from orderctl.dead_letters import DEAD_LETTER_QUEUES
from orderctl.deployment import Deployment
from orderctl.health import Health, QueueHealth, look_at_health
from orderctl.stages import StageError
from stacks.names import Names
from tests.unit.builders import a_placed_order
from tests.unit.conftest import ORDERS_TABLE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUEUES = {queue.source for queue in DEAD_LETTER_QUEUES.values() if queue.source}


class Mapping:
    """A stage's mapping."""

    def __init__(self, state: str) -> None:
        self.state = state


class PartlyDenied(Deployment):
    """A deployment of which these credentials may not read everything."""

    def client(self, service: str) -> Any:
        if service == "cloudwatch":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeAlarms")
        return super().client(service)


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The states of stages' mappings that are not Enabled; empty: the stage is not there."""
    states: dict[str, str] = {}

    def mapping_of(_: object, live_arn: str) -> Mapping:
        stage = live_arn.split(":")[-2].removesuffix("-function-test")
        if states.get(stage) == "":
            raise StageError(f"{stage} is not deployed")
        return Mapping(states.get(stage, "Enabled"))

    monkeypatch.setattr("orderctl.health.mapping_of", mapping_of)
    return states


@pytest.fixture
def deployment(
    dynamodb: "DynamoDBClient", states: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    sqs = boto3.client("sqs")
    for name in QUEUES:
        sqs.create_queue(QueueName=f"{name}-queue-test")
    for name in DEAD_LETTER_QUEUES:
        sqs.create_queue(QueueName=f"{name}-dlq-test")
    for name, suffix in (("payment-dlq", "test"), ("orders-flow", "test"), ("payment-dlq", "dev")):
        alarm(f"{name}-alarm-{suffix}")
    deployment = Deployment(
        Names("test", "123456789012", "eu-west-2"), boto3.Session(region_name="eu-west-2")
    )
    monkeypatch.setattr(Deployment, "from_environment", lambda: deployment)
    return deployment


def alarm(name: str) -> None:
    boto3.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"What {name} means.",
        MetricName="X",
        Namespace="Y",
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
    )


def fire(name: str) -> None:
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=name, StateValue="ALARM", StateReason="a test"
    )


def send(queue: str) -> None:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], MessageBody="{}")


def run(*arguments: str) -> Result:
    return CliRunner(env={"NO_COLOR": "1"}).invoke(app, ["health", *arguments])


@pytest.mark.usefixtures("deployment")
def test_all_is_well_although_messages_wait_and_other_copies_have_alarms() -> None:
    # given
    send("payment-queue-test")
    fire("payment-dlq-alarm-dev")
    # when
    done = run()
    # then
    assert done.exit_code == 0, done.output
    assert "test: all is well; 2 alarms, none of them in ALARM." in done.stdout
    seen = json.loads(run("--json").stdout)
    assert (seen["well"], seen["problems"], seen["unread"]) == (True, [], {})
    waiting = {queue["queue"]: queue["waiting"] for queue in seen["queues"]}
    assert waiting == {**dict.fromkeys(QUEUES, 0), "payment": 1}
    assert len(seen["deadLetterQueues"]) == len(DEAD_LETTER_QUEUES)
    assert seen["alarms"] == {"total": 2, "inAlarm": []}


@pytest.mark.usefixtures("deployment")
def test_what_is_wrong_is_named(dynamodb: "DynamoDBClient", states: dict[str, str]) -> None:
    # given
    send("fulfilment-subscription-dlq-test")
    fire("orders-flow-alarm-test")
    states |= {"payment": "Disabled", "validation": "", "inventory": "Enabling"}
    OrdersTable(dynamodb, ORDERS_TABLE).add(a_placed_order(at=now() - timedelta(hours=1)))
    sqs = boto3.client("sqs")
    sqs.delete_queue(
        QueueUrl=sqs.get_queue_url(QueueName="audit-subscription-dlq-test")["QueueUrl"]
    )
    # when
    done = run("--json")
    # then
    assert done.exit_code == 1
    seen = json.loads(done.stdout)
    assert seen["problems"] == [
        "orders-flow-alarm-test is in ALARM",
        "1 on the dead-letter queue fulfilment-subscription",
        "validation is not there",
        "inventory is enabling",
        "payment is paused",
        "overdue orders: 1",
        "not deployed: audit-subscription",
    ]
    [firing] = seen["alarms"]["inAlarm"]
    assert firing["meaning"] == "What orders-flow-alarm-test means."
    # and for a person
    done = run()
    assert done.exit_code == 1
    for word in ("ORD-1", "orders-flow-alarm-test", "paused", "not deployed"):
        assert word in done.stdout


@pytest.mark.usefixtures("deployment")
def test_why_payment_is_paused_is_told(deployment: Deployment, states: dict[str, str]) -> None:
    # given that the circuit has just opened
    deployment.payment_circuit.open("paused by ann", held_by="ann")
    stages = {stage.name: stage for stage in look_at_health(deployment).stages}
    assert (stages["payment"].state, stages["payment"].reason) == (
        "about to be paused",
        "paused by ann",
    )
    # when the stage is paused
    states["payment"] = "Disabled"
    stages = {stage.name: stage for stage in look_at_health(deployment).stages}
    # then
    assert stages["payment"].state == "paused"


def test_what_may_not_be_read_is_not_taken_for_well(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = PartlyDenied(deployment.names, deployment.session)
    monkeypatch.setattr(Deployment, "from_environment", lambda: denied)
    done = run("--json")
    assert done.exit_code == 3, done.output
    seen = json.loads(done.stdout)
    assert not seen["well"]
    assert seen["unread"].keys() == {"alarms", "ages of messages"}
    assert "These credentials are not allowed to do that." in seen["unread"]["alarms"]
    assert "not checked: alarms" in run().stderr


def test_the_age_of_the_oldest_message_is_its_metrics(deployment: Deployment) -> None:
    # given
    send("payment-dlq-test")
    at = now()
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": name}],
                "Timestamp": at - timedelta(minutes=2),
                "Value": 90,
            }
            for name in ("payment-dlq-test", "payment-queue-test")
        ],
    )
    # when
    seen = look_at_health(deployment, now=at)
    # then an empty queue has no oldest message, whatever its metric said minutes ago
    assert _of(seen.dead_letters, "payment").oldest_seconds == 90
    assert _of(seen.queues, "payment").oldest_seconds is None


def _of(queues: list[QueueHealth], name: str) -> QueueHealth:
    return next(queue for queue in queues if queue.name == name)


def test_a_deployment_that_nobody_is_told_about_is_not_well(
    deployment: Deployment,
) -> None:
    cloudwatch = boto3.client("cloudwatch")
    assert look_at_health(deployment).problems == []
    cloudwatch.delete_alarms(AlarmNames=["payment-dlq-alarm-test", "orders-flow-alarm-test"])
    # then another deployment's alarm is none of this one's
    assert look_at_health(deployment).problems == ["there are no alarms"]


def test_nothing_seen_is_no_problem_by_itself() -> None:
    assert Health(cast("Any", None)).problems == []
