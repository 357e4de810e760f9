"""The record of releases: which version of each function went live together."""

from stacks.building_blocks.document import as_json
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import SsmParameter


class ReleaseRecord:
    """A parameter that says which versions are live, written once all aliases have moved.

    Parameter Store keeps its last 100 values: that history is what `orderctl rollback` goes back
    by. It holds names of functions and numbers of versions, nothing else.
    """

    def __init__(self, stack: WorkloadStack) -> None:
        """Make ``release-parameter`` for all functions that the stack has by now."""
        SsmParameter(
            stack,
            "release-parameter",
            name=stack.names.of("release", "parameter"),
            description="The versions of the functions that went live together",
            type="SecureString",
            key_id=stack.key_arn,
            value=as_json({"versions": dict(sorted(stack.live_versions.items()))}),
        )
