"""JSON documents, written the way that Terraform reads them back from AWS."""

import json
from typing import Any


def as_json(value: Any) -> str:
    """Return `value` as JSON without spaces: with them, redrive policies would differ for ever."""
    return json.dumps(value, separators=(",", ":"))
