"""What tells a stack that was deployed from one that is to be: its files, and its state.

Others deploy to a LocalStack as well (`make deploy ENVIRONMENT=local`, Terraform by itself), so the
files alone do not tell what is there.
"""

import hashlib
import json
from pathlib import Path

from botocore.exceptions import ClientError

from local.aws import client
from local.settings import LocalSettings


def of_files(folder: Path) -> str:
    """Return a hash of a synthesised stack, without what Terraform keeps next to it."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not relative.parts[0].startswith(".terraform"):
            digest.update(f"{relative} {path.stat().st_size} ".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def of_state(folder: Path, settings: LocalSettings) -> str | None:
    """Return a hash of the state of a synthesised stack, or None if there is none.

    It is in a file or in LocalStack's S3, where the stack says.
    """
    stack = json.loads((folder / "cdk.tf.json").read_text())
    ((kind, where),) = stack["terraform"]["backend"].items()
    if kind == "local":
        state = Path(where["path"])
        return hashlib.sha256(state.read_bytes()).hexdigest() if state.exists() else None
    try:
        head = client("s3", settings).head_object(Bucket=where["bucket"], Key=where["key"])
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            return None
        raise
    return str(head["ETag"])
