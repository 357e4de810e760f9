"""The firewall as Terraform plans it: LocalStack has no WAF to deploy it to."""

import json
from typing import Any

import pytest

from tests.stacks import terraform
from tests.stacks.conftest import Deployments
from tests.stacks.synthesised import Deployment

KINDS = (
    "aws_cloudwatch_log_group",
    "aws_cloudwatch_log_resource_policy",
    "aws_wafv2_web_acl",
    "aws_wafv2_web_acl_association",
    "aws_wafv2_web_acl_logging_configuration",
)
STAGE_ARN = "arn:aws:apigateway:eu-west-2::/restapis/abc/stages/prod"
KEY_ARN = "arn:aws:kms:eu-west-2:123456789012:key/00000000-0000-0000-0000-000000000000"

# Enough for the provider to plan without asking AWS anything.
PROVIDER = {
    "region": "eu-west-2",
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "skip_requesting_account_id": True,
}


@pytest.fixture(scope="module")
def planned(
    deployments: Deployments, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What Terraform plans for each part of the firewall alone."""
    pipeline = deployments("prod").stacks["pipeline"]
    resources = {
        kind: {
            name: {key: value for key, value in body.items() if key != "//"}
            for name, body in pipeline["resource"][kind].items()
            if "firewall" in name
        }
        for kind in KINDS
    }
    resources["aws_wafv2_web_acl_association"]["orders-firewall-association"]["resource_arn"] = (
        STAGE_ARN
    )
    resources["aws_cloudwatch_log_group"]["orders-firewall-log-group"]["kms_key_id"] = KEY_ARN
    stack = {
        "terraform": {"required_providers": pipeline["terraform"]["required_providers"]},
        "provider": {"aws": PROVIDER},
        "resource": resources,
    }
    folder = tmp_path_factory.mktemp("firewall")
    (folder / "main.tf.json").write_text(json.dumps(stack))
    terraform.initialise(folder)
    done = terraform.run(folder, "plan", "-input=false", "-refresh=false", "-out=plan")
    assert done.returncode == 0, done.stdout + done.stderr
    plan = json.loads(terraform.run(folder, "show", "-json", "plan").stdout)
    assert all(each["change"]["actions"] == ["create"] for each in plan["resource_changes"])
    return {each["type"]: each["change"]["after"] for each in plan["resource_changes"]}


def test_terraform_plans_the_firewall(planned: dict[str, dict[str, Any]], prod: Deployment) -> None:
    assert set(planned) == set(KINDS)
    firewall = planned["aws_wafv2_web_acl"]
    rate, *groups = sorted(firewall["rule"], key=lambda rule: int(rule["priority"]))
    (limit,) = rate["statement"][0]["rate_based_statement"]
    assert prod.settings.firewall is not None
    assert limit["limit"] == prod.settings.firewall.rate_per_address
    assert rate["action"][0]["block"]
    # AWS's groups decide by themselves, but for the rules that only count.
    statements = [group["statement"][0]["managed_rule_group_statement"][0] for group in groups]
    assert {
        statement["name"]: [
            rule["name"] for rule in statement["rule_action_override"] if counts(rule)
        ]
        for statement in statements
    } == {
        "AWSManagedRulesAmazonIpReputationList": [],
        "AWSManagedRulesKnownBadInputsRuleSet": [],
        "AWSManagedRulesCommonRuleSet": [
            "SizeRestrictions_BODY",
            "NoUserAgent_HEADER",
            "RestrictedExtensions_URIPATH",
        ],
    }
    (body,) = firewall["association_config"][0]["request_body"]
    assert body["api_gateway"] == [{"default_size_inspection_limit": "KB_64"}]


def test_terraform_plans_its_log(planned: dict[str, dict[str, Any]]) -> None:
    log_group = planned["aws_cloudwatch_log_group"]
    assert log_group["name"] == "aws-waf-logs-orders-firewall-prod"
    assert log_group["kms_key_id"] == KEY_ARN
    log = planned["aws_wafv2_web_acl_logging_configuration"]
    redacted = {field["single_header"][0]["name"] for field in log["redacted_fields"]}
    assert redacted == {"authorization", "x-amz-security-token", "cookie"}


def counts(override: dict[str, Any]) -> bool:
    return [name for name, action in override["action_to_use"][0].items() if action] == ["count"]
