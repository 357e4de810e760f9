"""The API's callers: for each a managed policy that lets it make its calls, and no other.

The warehouse's also lets it take what is handed over to it, from a queue.

The canary is none of them: it is a function, with a role of its own.
"""

import re
from collections.abc import Sequence

from order_pipeline.api.calls import CALLS, Call, Caller
from order_pipeline.domain.canary import CUSTOMER_ID, ORDER_ID_PREFIX
from stacks.building_blocks.api import Api
from stacks.building_blocks.policy import Grant, Statement, granted, policy_document
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import IamPolicy

CALLS_OF_CANARY = (
    ("GET", f"/customers/{CUSTOMER_ID}/orders"),
    ("GET", f"/orders/{ORDER_ID_PREFIX}*"),
    ("POST", "/orders"),
    ("POST", f"/orders/{ORDER_ID_PREFIX}*/cancel"),
)
"""What the canary may call: method, and path with wildcards. No orders but its own."""

_ID = re.compile(r"\{\w+\}")


class CallerPolicy:
    """A policy to attach to whoever calls the API as `caller`: people, roles of other systems."""

    def __init__(
        self, stack: WorkloadStack, caller: Caller, api: Api, *, beside: Sequence[Grant] = ()
    ) -> None:
        """Make ``{caller}-policy`` for the calls that the API's table gives to `caller`.

        `beside` is what it may do beside calling the API.
        """
        calls = [call for call in CALLS if call.caller is caller]
        allowed = granted(beside, key_arn=stack.key_arn, region=stack.names.region)
        self._policy = IamPolicy(
            stack,
            f"{caller}-policy",
            name=stack.names.of(caller.value, "policy"),
            description=f"Calls the orders API as {caller.value.replace('-', ' ')}",
            policy=policy_document([*_statements(api, calls), *allowed]),
        )

    @property
    def arn(self) -> str:
        """The policy's ARN."""
        return str(self._policy.arn)


def _statements(api: Api, calls: Sequence[Call]) -> list[Statement]:
    return [
        Statement(
            "MakeCalls",
            ("execute-api:Invoke",),
            tuple(api.call_arn(call.method, _ID.sub("*", call.path)) for call in calls),
        ),
        # IAM's asterisk also stands for slashes, so that the pattern of one call may fit the path
        # of another that is deeper. What has a slash where an id should be is therefore denied.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        Statement(
            "IdsHaveNoSlash",
            ("execute-api:Invoke",),
            tuple(
                api.call_arn(call.method, path)
                for call in calls
                for path in paths_with_a_slash_in_an_id(call.path)
            ),
            effect="Deny",
        ),
    ]


def paths_with_a_slash_in_an_id(path: str) -> list[str]:
    """Return a pattern for each id of a path: of the paths in which that id has a slash.

    >>> paths_with_a_slash_in_an_id("/orders/{orderId}/shipments/{parcelId}/delivery")
    ['/orders/*/*/shipments/*/delivery', '/orders/*/shipments/*/*/delivery']
    """
    return [
        _ID.sub("*", f"{path[: found.start()]}*/*{path[found.end() :]}")
        for found in _ID.finditer(path)
    ]
