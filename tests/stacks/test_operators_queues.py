"""The operator's tool knows what is deployed."""

from orderctl.dead_letters import DEAD_LETTER_QUEUES, Way
from orderctl.stages import StageName
from tests.stacks.synthesised import Deployment


def test_every_dead_letter_queue_is_known_and_has_the_source_it_goes_back_to(
    prod: Deployment,
) -> None:
    names = {queue["name"] for queue in prod.all("aws_sqs_queue")}
    dead_letters = {name for name in names if "-dlq-" in name}
    known = {f"{name}-dlq-prod" for name in DEAD_LETTER_QUEUES}
    assert known == dead_letters
    for queue in DEAD_LETTER_QUEUES.values():
        assert not queue.source or f"{queue.source}-queue-prod" in names


def test_sqs_moves_just_what_a_redrive_policy_put_aside(prod: Deployment) -> None:
    filled_by_sqs = {
        queue["name"].removesuffix("-dlq-prod")
        for queue in prod.all("aws_sqs_queue")
        if queue.get("redrive_allow_policy")
    }
    moved = {name for name, queue in DEAD_LETTER_QUEUES.items() if queue.way is Way.MOVED}
    assert moved == filled_by_sqs


def test_every_stage_is_known(prod: Deployment) -> None:
    mapped = {
        mapping.id.removesuffix("-mapping")
        for mapping in prod.all("aws_lambda_event_source_mapping")
    }
    known = {stage.value for stage in StageName}
    assert known == mapped
