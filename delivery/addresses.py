"""The addresses of a deployment for a workflow's job, from a secret: no log shows them.

GitHub prints the variables of a job at each of its steps, and hides only what it was told to hide.
"""

import json
import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from delivery.target import DeliveryError

NAME = "ADDRESSES"

# A line that GitHub reads is one line; nothing may begin another one.
type Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*$")]


class Addresses(BaseModel):
    """Who is written to, and by whom: the settings of these names (docs/settings.md)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email_sender: Line = Field(alias="EMAIL_SENDER")
    alarm_addresses: Line = Field(default="", alias="ALARM_ADDRESSES")
    shop_addresses: Line = Field(default="", alias="SHOP_ADDRESSES")


_OF_ENVIRONMENTS = TypeAdapter(dict[str, Addresses])


def give_to_next_steps() -> int:
    """Have the job's logs hide each address of ENVIRONMENT, then set them for the next steps.

    Raises
    ------
    DeliveryError
        If the secret is missing or malformed, or has none of ENVIRONMENT. That names keys of the
        secret, and no value.
    """
    of_environments = _read(os.environ.get(NAME, ""))
    environment = os.environ["ENVIRONMENT"]
    if environment not in of_environments:
        raise DeliveryError(f"The secret {NAME} has no entry {environment} (docs/deploying.md).")
    variables = of_environments[environment].model_dump(by_alias=True)
    # All of them, before anything can print one.
    for value in variables.values():
        for address in value.split(","):
            _hide(address.strip())
    with Path(os.environ["GITHUB_ENV"]).open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
    return 0


def _read(secret: str) -> dict[str, Addresses]:
    if not secret:
        raise DeliveryError(f"There is no secret {NAME} (docs/deploying.md).")
    try:
        return _OF_ENVIRONMENTS.validate_python(json.loads(secret))
    except json.JSONDecodeError:
        raise DeliveryError(f"The secret {NAME} is not JSON (docs/deploying.md).") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DeliveryError(f"The secret {NAME}: {place}: {first['msg']}") from None


def _hide(value: str) -> None:
    """Tell GitHub to print stars instead of a value, from now on."""
    if value:
        # The one character that the command's value is escaped by; there are no ends of lines.
        print(f"::add-mask::{value.replace('%', '%25')}", flush=True)
