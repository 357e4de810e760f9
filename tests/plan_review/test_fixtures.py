"""Each rule is broken by a plan that Terraform made, and by nothing in the plan it started from."""

import pytest

from plan_review.findings import Verdict
from plan_review.rules import RULES
from tests.plan_review.make_fixtures import BASE, FIRST_DEPLOY, names
from tests.plan_review.plans import PLANS, findings, fixture

FUNCTION = "aws_lambda_function.payment"
ROLE = "aws_iam_role.payment"
ROLE_POLICY = "aws_iam_role_policy.payment"
QUEUE = "aws_sqs_queue.payment"
TABLE = "aws_dynamodb_table.orders"

CAUGHT_AT = {
    "api-signed--unsigned": {"aws_api_gateway_rest_api.orders"},
    "bodies-not-logged--on": {"aws_api_gateway_method_settings.orders"},
    "buckets-encrypted--none": {"aws_s3_bucket.audit"},
    "buckets-private--block-gone": {
        "aws_s3_bucket.audit",
        "aws_s3_bucket_ownership_controls.audit",
    },
    "buckets-private--block-off": {"aws_s3_bucket_public_access_block.audit"},
    "concurrency-bounded--less-than-maximum": {"aws_lambda_event_source_mapping.queue"},
    "concurrency-bounded--mapping": {"aws_lambda_event_source_mapping.queue"},
    "concurrency-bounded--reservation": {FUNCTION},
    "data-stays--queue-renamed": {
        QUEUE,
        "aws_lambda_event_source_mapping.queue",
        "aws_sns_topic_subscription.payment",
    },
    "data-stays--table-destroyed": {f"{TABLE}[0]", "aws_lambda_event_source_mapping.stream[0]"},
    "dead-letters--asynchronous": {FUNCTION},
    "dead-letters--queue": {"aws_sqs_queue.refunds"},
    "dead-letters--stream": {"aws_lambda_event_source_mapping.stream"},
    "encrypted--aws-key": {QUEUE},
    "encrypted--off": {TABLE, "aws_cloudwatch_log_group.payment", "aws_sns_topic.events"},
    "events-stay-inside--https": {"aws_sns_topic_subscription.elsewhere"},
    "expires-no-sooner--lifecycle": {"aws_s3_bucket_lifecycle_configuration.audit"},
    "expires-no-sooner--time-to-live": {TABLE},
    "expires-no-sooner--versions": {"aws_s3_bucket_versioning.audit"},
    "firewall-stays--association-gone": {"aws_wafv2_web_acl_association.orders[0]"},
    "firewall-stays--replaced": {
        "aws_wafv2_web_acl.orders",
        "aws_wafv2_web_acl_association.orders",
    },
    "in-london--arn": {FUNCTION},
    "in-london--provider": {"provider.aws.ireland"},
    "keeps-running--permission": {"aws_lambda_permission.schedule[0]"},
    "keeps-running--schedule": {"aws_cloudwatch_event_rule.payment"},
    "kept-as-long--lowered": {
        QUEUE,
        "aws_cloudwatch_log_group.payment",
        "aws_kms_key.pipeline",
        "aws_lambda_event_source_mapping.stream",
    },
    "kept-as-long--no-recovery": {TABLE},
    "keys-rotate--off": {"aws_kms_key.pipeline"},
    "logged--elsewhere": {FUNCTION},
    "no-public-access--everybody": {"aws_lambda_function_url.payment", "aws_sqs_queue.refunds"},
    "no-public-access--service": {"aws_iam_role.deploy", "aws_sns_topic.refunds"},
    "no-secret-in-plan--environment": {FUNCTION},
    "no-secret-in-plan--version": {"aws_secretsmanager_secret_version.payment"},
    "plan-is-whole--error": {""},
    "policy-exact--new-role": {
        "aws_iam_role_policy.refunds",
        "aws_iam_role_policy_attachment.administrator",
    },
    "policy-exact--wildcards": {ROLE_POLICY},
    "policy-not-widened--action": {ROLE_POLICY},
    "policy-not-widened--condition": {ROLE_POLICY},
    "policy-not-widened--denial": {"aws_s3_bucket_policy.audit[0]"},
    "policy-not-widened--not-action": {ROLE_POLICY},
    "policy-not-widened--permission": {"aws_lambda_permission.api"},
    "policy-not-widened--principal": {"aws_kms_key.pipeline"},
    "policy-not-widened--resource": {ROLE_POLICY},
    "policy-not-widened--second-policy": {
        "aws_iam_role_policy.refunds",
        "aws_iam_role_policy_attachment.logs",
    },
    "policy-not-widened--trust": {ROLE},
    "policy-not-widened--unknown": {ROLE_POLICY},
    "roles-bounded--none": {ROLE},
    "suffixed--queue": {"aws_sqs_queue.refunds"},
    "tagged--other-environment": {QUEUE},
    "traced--off": {FUNCTION},
    "watched--silenced": {"aws_cloudwatch_metric_alarm.payment_dead_letters"},
}
"""Change → the addresses at which its rule catches it."""

CANNOT_BE_JUDGED = {"plan-is-whole--error", "policy-not-widened--unknown"}

ALSO_BREAK = {
    "no-public-access--everybody": {"dead-letters"},
    "policy-exact--wildcards": {"policy-not-widened"},
    "policy-not-widened--not-action": {"policy-exact"},
    "policy-not-widened--principal": {"no-public-access"},
    "policy-not-widened--second-policy": {"policy-exact"},
    "roles-bounded--none": {"policy-not-widened"},
    "suffixed--queue": {"dead-letters"},
}
"""Change → the other rules that it breaks."""


def test_the_base_breaks_nothing() -> None:
    assert findings(fixture(BASE)) == []


def test_nothing_fails_when_the_base_is_deployed_first() -> None:
    assert {each.verdict for each in findings(fixture(FIRST_DEPLOY))} == {Verdict.CANNOT_JUDGE}


def test_every_rule_has_a_change_that_breaks_it() -> None:
    assert {name.partition("--")[0] for name in names()} == set(RULES)


def test_every_change_has_its_plan_and_every_plan_its_change() -> None:
    assert {path.stem for path in PLANS.glob("*.json")} == {BASE, FIRST_DEPLOY, *names()}


@pytest.mark.parametrize("name", names())
def test_a_change_that_breaks_a_rule_is_caught_where_it_does(name: str) -> None:
    rule = name.partition("--")[0]
    found = findings(fixture(name))
    assert {each.address for each in found if each.rule == rule} == CAUGHT_AT[name]
    expected = Verdict.CANNOT_JUDGE if name in CANNOT_BE_JUDGED else Verdict.FAIL
    assert {each.verdict for each in found} == {expected}
    assert {each.rule for each in found} == {rule} | ALSO_BREAK.get(name, set())
