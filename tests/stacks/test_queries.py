"""Saved queries: which there are, and over which logs."""

import pytest

from stacks.building_blocks.queries import LIFE_OF_AN_ORDER, ORDER_ID, QUERIES
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import Deployment

KIND = "aws_cloudwatch_query_definition"

ON_AWS = ("dev", "staging", "prod")


@pytest.mark.parametrize("environment", ON_AWS)
def test_every_query_is_saved_over_the_logs_of_every_function(
    deployments: Deployments, environment: str
) -> None:
    deployment = deployments(environment)
    groups = {each["logging_config"]["log_group"] for each in deployment.all("aws_lambda_function")}
    for query in QUERIES:
        saved = deployment.one(f"{KIND}.{query.name}-query")
        assert saved["name"] == f"{query.name}-query-{environment}"
        assert saved["query_string"] == query.text
        assert set(saved["log_group_names"]) == {
            deployment.referred("pipeline", group)["name"] if "${" in group else group  # type: ignore[index]
            for group in groups
        }
    assert len(deployment.all(KIND)) == len(QUERIES)


def test_the_emulator_has_none(local: Deployment) -> None:
    assert local.all(KIND) == []


def test_the_life_of_an_order_asks_for_its_id() -> None:
    assert LIFE_OF_AN_ORDER.text.count(ORDER_ID) == 1
