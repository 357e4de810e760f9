"""The objects of S3 in a folder of this LocalStack.

Its own choice is one folder for the whole machine. There, who deletes a bucket takes the folder of
another checkout's bucket of that name away, which then takes no more objects: no states of stacks.
"""

import tempfile
from pathlib import Path

from localstack.runtime import hooks

FOLDER = "objects"
"""In the folder for what is temporary."""


@hooks.on_infra_start()  # type: ignore[untyped-decorator]
def keep_objects_apart() -> None:
    """Give LocalStack's S3 a folder that no other one has."""
    # LocalStack loads its services when they are first called; so does this.
    from localstack.services.s3 import provider  # noqa: PLC0415

    provider.DEFAULT_S3_TMP_DIR = str(Path(tempfile.gettempdir()) / FOLDER)
