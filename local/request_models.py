"""Request bodies are validated by models that are checked once.

LocalStack's API Gateway checks a method's model against JSON Schema's own schema with each request,
which took a quarter of its time under load.
"""

import json
from functools import cache
from typing import Any

from localstack.runtime import hooks


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def check_request_models_once() -> None:
    """Give API Gateway validators that are kept."""
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.apigateway.next_gen.execute_api.handlers import (  # noqa: PLC0415
        method_request,
    )

    method_request.validate = validate


def validate(instance: Any, schema: Any) -> None:
    """Raise jsonschema's ValidationError unless the instance fits the schema."""
    _validator(json.dumps(schema, sort_keys=True)).validate(instance)


@cache
def _validator(schema: str) -> Any:
    from jsonschema.validators import validator_for  # noqa: PLC0415 - of LocalStack's environment

    model = json.loads(schema)
    kind = validator_for(model)
    kind.check_schema(model)
    return kind(model)
