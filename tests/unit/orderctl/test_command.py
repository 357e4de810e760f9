import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_tool_starts_without_anything_set_up_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orderctl", "--help"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "republish" in done.stdout
