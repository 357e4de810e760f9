"""Plans a stack as if nothing had ever been deployed, without asking AWS or any state.

The provider needs no AWS to plan what it has to create, once it is told not to check credentials.
What a stack reads of another's outputs is unknown in such a plan, as it is before the other stack
was applied: the remote state is made to wait for something that is to be created first.
"""

import copy
from typing import Any

_WAITS_FOR = "not-applied-yet"

_OFFLINE = {
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}

STAND_IN = f"terraform_data.{_WAITS_FOR}"
"""What such a plan creates besides the stack's own resources."""


def as_first_deploy(stack: dict[str, Any]) -> dict[str, Any]:
    """Return a synthesised stack, changed so that Terraform plans it from nothing and offline."""
    changed = copy.deepcopy(stack)
    changed["terraform"]["backend"] = {"local": {"path": "nothing.tfstate"}}
    for provider in changed["provider"]["aws"]:
        # With no credentials there is no account to compare with.
        provider.pop("allowed_account_ids", None)
        provider.pop("endpoints", None)
        provider.update(_OFFLINE)
    for remote_state in changed.get("data", {}).get("terraform_remote_state", {}).values():
        changed.setdefault("resource", {})["terraform_data"] = {_WAITS_FOR: {}}
        remote_state |= {
            "backend": "local",
            "config": {"path": "nothing.tfstate"},
            "depends_on": [STAND_IN],
        }
    return changed
