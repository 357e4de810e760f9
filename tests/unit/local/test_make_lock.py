"""`make lock` pins every list of requirements."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_list_of_requirements_is_pinned_once() -> None:
    # given
    commands = subprocess.run(
        ["make", "--dry-run", "lock"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    subprocess.run(["bash", "-n"], input=commands, text=True, check=True)
    # when
    (loop,) = re.findall(r"^for name in (.*); do", commands, flags=re.MULTILINE)
    alone = re.findall(r"pip compile .* requirements/([\w-]+)\.in", commands)
    # then
    lists = sorted(path.stem for path in (ROOT / "requirements").glob("*.in"))
    assert sorted([*loop.split(), *alone]) == lists
    assert alone == ["localstack"]
