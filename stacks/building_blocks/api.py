"""The REST API: the gateway rendering of the API's document, and a stage to call it on."""

import hashlib
from collections.abc import Sequence

from order_pipeline.api.gateway import gateway_document
from stacks.building_blocks.document import as_json
from stacks.building_blocks.firewall import Firewall
from stacks.building_blocks.function import Function
from stacks.building_blocks.policy import Grant, Statement
from stacks.building_blocks.watched import of_api
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import (
    ApiGatewayDeployment,
    ApiGatewayMethodSettings,
    ApiGatewayMethodSettingsSettings,
    ApiGatewayRestApi,
    ApiGatewayRestApiEndpointConfiguration,
    ApiGatewayStage,
    ApiGatewayStageAccessLogSettings,
    CloudwatchLogGroup,
    LambdaPermission,
    TerraformResourceLifecycle,
    XraySamplingRule,
)

# Ids and outcomes only: no body, no address of the caller, no message that quotes the input.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "traceId": "$context.xrayTraceId",
    "requestTime": "$context.requestTime",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "integrationStatus": "$context.integration.status",
    "integrationLatency": "$context.integration.latency",
    "errorType": "$context.error.responseType",
}

# Before the account's default rule, which is the last of them.
_SAMPLING_PRIORITY = 1000


class Api:
    """The API as its document describes it; each call goes to one of `functions`."""

    def __init__(
        self, stack: WorkloadStack, resource: str, *, functions: Sequence[Function]
    ) -> None:
        """Make ``{resource}-api`` with one stage."""
        settings, names = stack.settings, stack.names
        body = as_json(
            gateway_document(
                {function.folder: function.invoke_arn for function in functions},
                # LocalStack does not check signatures.
                require_iam=not settings.is_local,
            ),
        )
        api = ApiGatewayRestApi(
            stack,
            f"{resource}-api",
            name=names.of(resource, "api"),
            body=body,
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=["REGIONAL"]),
        )
        deployment = ApiGatewayDeployment(
            stack,
            f"{resource}-api-deployment",
            rest_api_id=api.id,
            # A deployment is a snapshot: a new document needs a new one, before the old one goes.
            triggers={"document": hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()},
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        stage_name = names.suffix
        self._arn = f"{api.execution_arn}/{stage_name}"
        access_log = CloudwatchLogGroup(
            stack,
            f"{resource}-api-access-log-group",
            name=f"/aws/apigateway/{names.of(resource, 'api')}",
            retention_in_days=settings.log_retention_days,
            kms_key_id=stack.key_arn,
        )
        # API Gateway makes this group itself when it has something to say; made here, it is
        # encrypted, expires and is destroyed with the rest.
        execution_log = CloudwatchLogGroup(
            stack,
            f"{resource}-api-execution-log-group",
            name=f"API-Gateway-Execution-Logs_{api.id}/{stage_name}",
            retention_in_days=settings.log_retention_days,
            kms_key_id=stack.key_arn,
        )
        stage = ApiGatewayStage(
            stack,
            f"{resource}-api-stage",
            rest_api_id=api.id,
            deployment_id=deployment.id,
            stage_name=stage_name,
            xray_tracing_enabled=True,
            access_log_settings=ApiGatewayStageAccessLogSettings(
                destination_arn=access_log.arn, format=as_json(ACCESS_LOG)
            ),
            depends_on=[execution_log],
        )
        ApiGatewayMethodSettings(
            stack,
            f"{resource}-api-methods",
            rest_api_id=api.id,
            stage_name=stage.stage_name,
            method_path="*/*",
            settings=ApiGatewayMethodSettingsSettings(
                throttling_rate_limit=settings.throttling.rate,
                throttling_burst_limit=settings.throttling.burst,
                metrics_enabled=True,
                logging_level="ERROR",
                data_trace_enabled=False,  # it would log bodies
            ),
        )
        for function in functions:
            LambdaPermission(
                stack,
                f"{function.id}-permission",
                statement_id="CalledByApi",
                action="lambda:InvokeFunction",
                function_name=function.resource.function_name,
                qualifier=function.alias.name,
                principal="apigateway.amazonaws.com",
                source_arn=f"{self._arn}/*",
            )
            function.watch_errors("API callers get errors: customers see them, or have to wait.")
        if sampling := settings.trace_sampling:
            # Here it is decided which orders are traced: all that follows keeps to it.
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-configuring-xray-sampling-rules.html
            XraySamplingRule(
                stack,
                f"{resource}-api-sampling",
                rule_name=names.of(resource, "rule"),  # X-Ray takes 32 characters
                version=1,
                priority=_SAMPLING_PRIORITY,
                reservoir_size=sampling.reservoir,
                fixed_rate=sampling.rate,
                service_type="AWS::ApiGateway::Stage",
                service_name=f"{names.of(resource, 'api')}/{stage_name}",
                http_method="*",
                url_path="*",
                host="*",
                resource_arn="*",
            )
        self.name, self.stage_name = names.of(resource, "api"), stage_name
        stack.alarms.watch(
            *of_api(
                f"{resource}-api",
                self.name,
                stage_name,
                requests_a_second=settings.throttling.rate,
            )
        )
        if settings.firewall:
            Firewall(stack, resource, stage=stage, rate=settings.firewall.rate_per_address)
        local = f"/_aws/execute-api/{api.id}/{stage_name}/"
        on_aws = f"{stage.invoke_url}/"
        self.endpoint = f"{settings.local_endpoint}{local}" if settings.is_local else on_aws
        self.endpoint_for_functions = (
            f"{settings.functions_endpoint}{local}" if settings.is_local else on_aws
        )

    def make_calls(self, sid: str, calls: Sequence[tuple[str, str]]) -> Grant:
        """Make calls of this API, each a method and a path that may have wildcards."""
        return Grant(
            Statement(sid, ("execute-api:Invoke",), tuple(self.call_arn(*call) for call in calls))
        )

    def call_arn(self, method: str, path: str) -> str:
        """Return the ARN of a call of this API on its stage; the path may have wildcards.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
        """
        return f"{self._arn}/{method}{path}"
