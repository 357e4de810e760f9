"""The synthesised stacks of each environment, made once per test process."""

import os
from collections.abc import Callable
from functools import cache

import pytest

from stacks.settings import Alarms
from tests.stacks.synthesised import ENVIRONMENTS, Deployment, settings_of, synthesise

# Some tests import the terminal tool, which disables what functions measure.
os.environ["POWERTOOLS_METRICS_DISABLED"] = "false"

type Deployments = Callable[[str], Deployment]


@pytest.fixture(scope="session")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Deployments:
    """The deployment of an environment, by its name."""

    @cache
    def deployment_of(environment: str) -> Deployment:
        folder = tmp_path_factory.mktemp(f"synthesised-{environment}")
        return synthesise(settings_of(environment), folder)

    return deployment_of


@pytest.fixture(params=ENVIRONMENTS)
def deployment(request: pytest.FixtureRequest, deployments: Deployments) -> Deployment:
    """The deployment of each environment in turn."""
    return deployments(request.param)


@pytest.fixture(params=[name for name in ENVIRONMENTS if settings_of(name).alarms is Alarms.ALL])
def watched(request: pytest.FixtureRequest, deployments: Deployments) -> Deployment:
    """The deployment of each environment that has all alarms, in turn."""
    return deployments(request.param)


@pytest.fixture
def prod(deployments: Deployments) -> Deployment:
    """The deployment of prod."""
    return deployments("prod")


@pytest.fixture
def local(deployments: Deployments) -> Deployment:
    """The deployment of local."""
    return deployments("local")
