"""`python -m tests.tour [DOCUMENT …]`: clone the project, and run its documents' commands there.

The clone is in a new folder, and so is the home: nothing that was installed or built before is
there. LocalStack is AWS. It stops at the first command that fails, with the clone left to look at.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local.settings import REGION, settings_from_environment
from tests.docs.markdown import ROOT, Document
from tests.tour.scenes import PRELUDE, RUN_BY_OTHERS, SCENES
from tests.tour.script import script_of

AWS_CLI = ROOT / ".venvs/tour/bin/aws"


def main() -> int:
    """Go through the documents; return 1 if a command failed."""
    known = [scene.document for scene in SCENES]
    wanted = sys.argv[1:] or known
    if unknown := [path for path in wanted if path not in known]:
        for path in unknown:
            by = RUN_BY_OTHERS.get(path)
            reason = f"run by {by}" if by else f"none of {', '.join(known)}"
            print(f"error: {path} is {reason}", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="tour-"))
    project, home = folder / "order-pipeline", folder / "home"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
    variables = _environment(home)
    try:
        for scene in SCENES:
            if scene.document not in wanted:
                continue
            document = Document(scene.document, (project / scene.document).read_text())
            print(f"\n\033[1;4m{scene.document}\033[0m", flush=True)
            script = f"{PRELUDE}{script_of(document, scene)}"
            done = subprocess.run(["bash", "-c", script], cwd=project, env=variables, check=False)
            if done.returncode:
                print(
                    f"error: {scene.document} stopped there; it ran in {project}", file=sys.stderr
                )
                return 1
    finally:
        subprocess.run(["make", "local-down"], cwd=project, env=variables, check=False)
    shutil.rmtree(folder)
    return 0


def _environment(home: Path) -> dict[str, str]:
    """Return this environment with a new home, and with LocalStack in the place of AWS."""
    foreign = ("AWS_", "ENVIRONMENT", "XDG_", "VIRTUAL_ENV", "KEEP")
    return {
        **{name: text for name, text in os.environ.items() if not name.startswith(foreign)},
        "HOME": str(home),
        "PATH": f"{_aws(home)}{os.pathsep}{os.environ['PATH']}",
        "YES": "1",
        # README has them exported for a deployment, and the documents after it are about that one.
        "EMAIL_SENDER": "orders@shop.example",
        "ALARM_ADDRESSES": "ops@shop.example",
        "AWS_ENDPOINT_URL": settings_from_environment().endpoint,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,  # what the AWS CLI looks at
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def _aws(home: Path) -> Path:
    """Make an AWS CLI that asks LocalStack; return the folder that it is in."""
    folder = home / "bin"
    folder.mkdir()
    # For SQS the CLI does not look at AWS_ENDPOINT_URL. An address and no name, so that it puts a
    # bucket into the path.
    endpoint = f"http://127.0.0.1:{settings_from_environment().port}"
    aws = folder / "aws"
    aws.write_text(f'#!/bin/sh\nexec {AWS_CLI} --endpoint-url {endpoint} "$@"\n')
    aws.chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main())
