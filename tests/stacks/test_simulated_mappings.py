"""The flash-sale model repeats arguments of the building blocks: they are those of the stacks."""

import json

import pytest

from simulation.deployment import (
    BREAKER_SECONDS,
    MAPPINGS,
    RETRY_FIRST_SECONDS,
    STREAM_BATCH,
    STREAM_PARALLELISATION,
)
from simulation.deployment import Deployment as Simulated
from tests.stacks.synthesised import Deployment


@pytest.mark.parametrize("worker", MAPPINGS)
def test_a_workers_mapping_is_as_the_model_has_it(prod: Deployment, worker: str) -> None:
    name = worker.replace("_", "-")
    simulated = Simulated.of_settings(prod.settings)
    mapping = prod.one(f"aws_lambda_event_source_mapping.{name}-mapping")
    function = prod.one(f"aws_lambda_function.{name}-function")
    assert mapping["batch_size"] == MAPPINGS[worker].batch_size
    assert mapping["maximum_batching_window_in_seconds"] == 0
    assert mapping["scaling_config"] == {"maximum_concurrency": simulated.ceiling(worker)}
    assert function["timeout"] == MAPPINGS[worker].timeout
    variables = function["environment"]["variables"]
    backoff = simulated.backoff(worker)
    assert variables["RETRY_FIRST_DELAY_SECONDS"] == str(RETRY_FIRST_SECONDS)
    assert variables["RETRY_LONGEST_DELAY_SECONDS"] == str(backoff.longest_delay)


@pytest.mark.parametrize("worker", MAPPINGS)
def test_a_message_is_given_up_when_the_model_does(prod: Deployment, worker: str) -> None:
    queue = {"intake_drain": "intake-overflow"}.get(worker, worker)
    policy = prod.one(f"aws_sqs_queue.{queue}-queue").get("redrive_policy")
    receives = json.loads(policy)["maxReceiveCount"] if policy else None
    assert receives == MAPPINGS[worker].max_receives


def test_the_streams_mapping_is_as_the_model_has_it(prod: Deployment) -> None:
    mapping = prod.one("aws_lambda_event_source_mapping.event-publisher-mapping")
    assert mapping["batch_size"] == STREAM_BATCH
    assert mapping["parallelization_factor"] == STREAM_PARALLELISATION
    assert mapping["maximum_batching_window_in_seconds"] == 0


def test_the_breaker_runs_as_often_as_in_the_model(prod: Deployment) -> None:
    rules = {rule.id: rule["schedule_expression"] for rule in prod.all("aws_cloudwatch_event_rule")}
    (expression,) = (each for name, each in rules.items() if "payment-breaker" in name)
    assert expression == f"rate({BREAKER_SECONDS // 60} minute)"
