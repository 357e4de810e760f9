"""The web firewall in front of the API: AWS WAF with a rate rule and AWS's managed rules."""

from collections.abc import Mapping
from typing import Any

from stacks.building_blocks.policy import Statement, policy_document
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    ApiGatewayStage,
    CloudwatchLogGroup,
    CloudwatchLogResourcePolicy,
    FirewallAction,
    FirewallAllow,
    FirewallAssociationConfig,
    FirewallBlock,
    FirewallBodySize,
    FirewallDefaultAction,
    FirewallInspectedBody,
    FirewallKeepGroupsActions,
    FirewallLogCondition,
    FirewallLogFilter,
    FirewallLogFilters,
    FirewallLogRedaction,
    FirewallMetric,
    FirewallNoOverride,
    FirewallRule,
    FirewallRuleMetric,
    Wafv2WebAcl,
    Wafv2WebAclAssociation,
    Wafv2WebAclLoggingConfiguration,
)
from stacks.settings import FIREWALL_WINDOW_SECONDS

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
# Group → the rules of it that count what they find instead of blocking it, each with its reason.
# Their capacity is 925 of the 1,500 that the price of a web ACL includes.
MANAGED_RULES: Mapping[str, Mapping[str, str]] = {
    "AWSManagedRulesAmazonIpReputationList": {},
    "AWSManagedRulesKnownBadInputsRuleSet": {},
    "AWSManagedRulesCommonRuleSet": {
        "SizeRestrictions_BODY": "it blocks bodies above 8 KB, whatever is inspected; an order of"
        " 50 lines has more, the API takes 64 KB and refuses more by itself",
        "NoUserAgent_HEADER": "callers are programs with a signature, and HTTP lets them go without"
        " a User-Agent",
        "RestrictedExtensions_URIPATH": "it blocks paths with an extension such as .log or .ini; an"
        " id may have dots, and an order A.log would be taken and never be shown or cancelled",
    },
}

# As much as the API takes: by default only the first 16 KB of a body are looked at.
# https://docs.aws.amazon.com/waf/latest/developerguide/web-acl-setting-body-inspection-limit.html
INSPECTED_BODY = "KB_64"

# Who signs, and with which session: kept out of the log.
REDACTED_HEADERS = ("authorization", "x-amz-security-token", "cookie")


class Firewall:
    """A web ACL on a stage of the API, with its log."""

    def __init__(
        self, stack: WorkloadStack, resource: str, *, stage: ApiGatewayStage, rate: int
    ) -> None:
        """Make ``{resource}-firewall``.

        `rate` is how many requests one address may send in five minutes before it is blocked.
        """
        self._stack = stack
        self._resource = resource
        name = stack.names.of(resource, "firewall")
        rules = [self._rate_rule(rate)]
        rules += [
            self._managed_rule(group, counted, priority)
            for priority, (group, counted) in enumerate(MANAGED_RULES.items(), start=len(rules))
        ]
        firewall = Wafv2WebAcl(
            stack,
            f"{resource}-firewall",
            name=name,
            description="In front of the API",
            scope="REGIONAL",
            default_action=FirewallDefaultAction(allow=FirewallAllow()),
            rule=rules,
            association_config=FirewallAssociationConfig(
                request_body=[
                    FirewallInspectedBody(
                        api_gateway=FirewallBodySize(default_size_inspection_limit=INSPECTED_BODY)
                    )
                ]
            ),
            visibility_config=FirewallMetric(**_metric(name)),
        )
        Wafv2WebAclAssociation(
            stack,
            f"{resource}-firewall-association",
            resource_arn=stage.arn,
            web_acl_arn=firewall.arn,
        )
        self._log(firewall)

    def _rate_rule(self, rate: int) -> FirewallRule:
        """Block an address for as long as it sends too much."""
        return FirewallRule(
            name="rate-per-address",
            priority=0,
            action=FirewallAction(block=FirewallBlock()),
            statement={
                "rate_based_statement": {
                    "aggregate_key_type": "IP",
                    "limit": rate,
                    "evaluation_window_sec": FIREWALL_WINDOW_SECONDS,
                }
            },
            visibility_config=FirewallRuleMetric(**self._rule_metric("rate-per-address")),
        )

    def _managed_rule(self, group: str, counted: Mapping[str, str], priority: int) -> FirewallRule:
        statement: dict[str, Any] = {"name": group, "vendor_name": "AWS"}
        if counted:
            statement["rule_action_override"] = [
                {"name": rule, "action_to_use": {"count": {}}} for rule in counted
            ]
        return FirewallRule(
            name=group,
            priority=priority,
            override_action=FirewallKeepGroupsActions(none=FirewallNoOverride()),
            statement={"managed_rule_group_statement": statement},
            visibility_config=FirewallRuleMetric(**self._rule_metric(group)),
        )

    def _rule_metric(self, rule: str) -> dict[str, Any]:
        return _metric(f"{rule}-{self._stack.names.suffix}")

    def _log(self, firewall: Wafv2WebAcl) -> None:
        """Keep what was blocked or counted; all else is in the API's own access log."""
        stack, resource = self._stack, self._resource
        names = stack.names
        # WAF writes to groups with this prefix only.
        name = f"aws-waf-logs-{names.of(resource, 'firewall')}"
        log_group = CloudwatchLogGroup(
            stack,
            f"{resource}-firewall-log-group",
            name=name,
            retention_in_days=stack.settings.log_retention_days,
            kms_key_id=stack.key_arn,
        )
        # Without it, WAF would add a policy that is shared by the account and stays behind.
        # https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        policy = CloudwatchLogResourcePolicy(
            stack,
            f"{resource}-firewall-log-policy",
            policy_name=names.of(f"{resource}-firewall-log", "policy"),
            policy_document=policy_document(
                [
                    Statement(
                        sid="FirewallWritesLog",
                        principal={"Service": "delivery.logs.amazonaws.com"},
                        actions=("logs:CreateLogStream", "logs:PutLogEvents"),
                        resources=(names.log_group_arn(f"{name}:log-stream:*"),),
                        conditions={
                            "StringEquals": {"aws:SourceAccount": names.account_id},
                            "ArnLike": {"aws:SourceArn": names.arn("logs", "*")},
                        },
                    )
                ]
            ),
        )
        Wafv2WebAclLoggingConfiguration(
            stack,
            f"{resource}-firewall-log",
            resource_arn=firewall.arn,
            log_destination_configs=[log_group.arn],
            redacted_fields=[
                FirewallLogRedaction(single_header={"name": header}) for header in REDACTED_HEADERS
            ],
            logging_filter=FirewallLogFilters(
                default_behavior="DROP",
                filter=[
                    FirewallLogFilter(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        condition=[
                            FirewallLogCondition(action_condition={"action": action})
                            for action in ("BLOCK", "COUNT")
                        ],
                    )
                ],
            ),
            depends_on=[policy],
        )


def _metric(name: str) -> dict[str, Any]:
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": name,
        # A sample shows all headers, those with signatures and session tokens too.
        "sampled_requests_enabled": False,
    }
