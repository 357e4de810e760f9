"""`orderctl preflight`: what an account still lacks."""

import os

import typer

from orderctl.commands.options import AsJson
from orderctl.deployment import Deployment
from orderctl.errors import FAILED, NOT_THERE, UNREAD
from orderctl.terminal import complain, emit, say
from stacks.settings import Settings, SettingsError


def preflight(*, as_json: AsJson = False) -> None:
    """Show what the account of ENVIRONMENT still lacks: quotas, sandboxes, bootstrap, the secret.

    Exits with 1 if there is something to do, and with 3 if everything that could be read is fine
    but something could not be read.
    """
    # Only here: it names things as the stacks do, and CDKTF takes seconds to import.
    from orderctl.preflight import State, look  # noqa: PLC0415

    deployment = Deployment.from_environment()
    told = {
        "AWS_ACCOUNT_ID": deployment.names.account_id,
        **{name: value for name, value in os.environ.items() if value},
    }
    try:
        settings = Settings.from_environment(told)
    except SettingsError as error:
        complain(error)
        raise typer.Exit(NOT_THERE) from None
    findings = []
    for finding in look(deployment, settings):
        findings.append(finding)
        if as_json:
            continue
        say(f"{finding.state:6} {finding.check}: {finding.found}")
        if finding.to_do:
            say(f"{'':6} {finding.to_do}")
    if as_json:
        emit(
            [
                {
                    "check": finding.check,
                    "state": finding.state,
                    "found": finding.found,
                    "toDo": finding.to_do or None,
                }
                for finding in findings
            ]
        )
    states = {finding.state for finding in findings}
    if State.TO_DO in states:
        raise typer.Exit(FAILED)
    if State.UNREAD in states:
        raise typer.Exit(UNREAD)
