"""`orderctl pause` and `orderctl resume`: a stage, as often as one likes."""

import getpass
from typing import Annotated

import typer

from orderctl.commands.options import AsJson
from orderctl.deployment import Deployment
from orderctl.health import PAUSED, RUNNING
from orderctl.stages import StageName
from orderctl.terminal import emit, say

Stage = Annotated[StageName, typer.Argument(help="The stage.", metavar="STAGE")]


def pause(stage: Stage, *, as_json: AsJson = False) -> None:
    """Pause a stage: its queue keeps its messages for a week, and the stream for a day.

    While payment is paused, the reconciler cancels orders that have been RESERVED for more than
    six hours, if their payment was never started. It renews no payment holds, and does not
    compare the provider's records with the orders.
    """
    Deployment.from_environment().stage(stage).pause(_operator())
    _tell(stage, PAUSED, as_json=as_json)


def resume(stage: Stage, *, as_json: AsJson = False) -> None:
    """Resume a stage that was paused, by hand or by its circuit breaker."""
    Deployment.from_environment().stage(stage).resume()
    _tell(stage, RUNNING, as_json=as_json)


def _tell(stage: StageName, state: str, *, as_json: bool) -> None:
    """Tell a stage's state, in the words of `orderctl health`."""
    if as_json:
        emit({"stage": stage, "state": state})
    else:
        say(f"{stage} is {state}.")


def _operator() -> str:
    """Return who is at the terminal, for those who wonder why a stage is paused."""
    try:
        return getpass.getuser()
    except OSError:
        return "operator"
