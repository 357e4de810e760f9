import os
import subprocess

from local.host import LOCALSTACK_PYTHON
from local.settings import ROOT


def test_invocations_that_come_at_once_have_an_environment_each() -> None:
    ended = subprocess.run(
        [LOCALSTACK_PYTHON, "-m", "tests.local.invocations_at_once"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'local/localstack_plugins'}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stdout == "[1, 2, 3, 4, 5]\n", ended.stderr
