"""Which of the two ways to run LocalStack is used, and what the rest may ask of it."""

import os
from typing import Protocol

from local.docker import DockerBackend, docker_answers
from local.host import HostBackend
from local.processes import LocalError
from local.settings import LocalSettings


class Backend(Protocol):
    """Runs LocalStack and the payment server."""

    def start(self) -> None:
        """Start what does not run and wait until both answer."""

    def stop(self) -> bool:
        """Stop both; False if neither ran."""

    def is_running(self) -> bool:
        """Say whether LocalStack runs."""

    @property
    def endpoint_for_functions(self) -> str:
        """Where a function finds LocalStack."""

    @property
    def payment_url_for_functions(self) -> str:
        """Where a function finds the payment server."""


def choose_backend(settings: LocalSettings) -> Backend:
    """Return what LOCAL_BACKEND names; without it, Docker where an engine answers."""
    host = HostBackend(settings)
    if settings.with_proxies:
        if os.environ.get("LOCAL_BACKEND") == "docker":
            raise LocalError(
                "The fault suite kills processes of functions, so it needs LocalStack without "
                "Docker: leave LOCAL_BACKEND out."
            )
        return host
    match os.environ.get("LOCAL_BACKEND", ""):
        case "docker":
            return DockerBackend(settings)
        case "host":
            return host
        case "":
            # What runs without Docker stays so, even if an engine has been started since.
            use_docker = not host.is_running() and docker_answers()
            return DockerBackend(settings) if use_docker else host
        case other:
            raise LocalError(f"LOCAL_BACKEND is {other!r}; it can be docker or host.")
