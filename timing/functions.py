"""The functions as Lambda starts them: their packages, the runtime beside them, their variables."""

import json
import re
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from main import order_pipeline
from stacks.packaging import PROJECT, Architecture, files_of, package_function
from stacks.settings import Settings

FUNCTIONS = tuple(sorted(path.parent.name for path in PROJECT.glob("lambdas/*/handler.py")))

MODULES_OF_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
"""What AWS's Python runtime has of which the functions use something.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html#python-sdk-included
"""

_REFERENCE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True)
class Packages:
    """The functions' unpacked packages, and the runtime's modules, in folders."""

    folder: Path

    @property
    def runtime(self) -> Path:
        """The folder with what is there without a package."""
        return self.folder / "runtime"

    def of(self, function: str) -> Path:
        """Return the folder with a function's package."""
        return self.folder / function

    def paths(self, function: str) -> list[Path]:
        """Return where a function's modules are looked for, in this order."""
        return [self.of(function), self.runtime]

    def bytes_of(self, function: str) -> int:
        """Return how large a package is, unpacked."""
        return sum(path.stat().st_size for path in self.of(function).rglob("*") if path.is_file())


@contextmanager
def unpacked(*functions: str) -> Iterator[Packages]:
    """Have packages as they are deployed, for this machine's processor, in a folder for a while."""
    with tempfile.TemporaryDirectory() as temporary:
        packages = Packages(Path(temporary))
        packages.runtime.mkdir()
        for module in MODULES_OF_RUNTIME:
            source = _installed(module)
            (packages.runtime / source.name).symlink_to(source)
        for function in functions:
            package = package_function(function, Architecture.of_host(), Path(temporary) / "zips")
            with zipfile.ZipFile(package.path) as archive:
                archive.extractall(packages.of(function))
        yield packages


def as_source(function: str, folder: Path) -> None:
    """Write a package as it would be without bytecode into `folder`."""
    (installed,) = (PROJECT / "build/packages").glob(f"{Architecture.of_host().value}-*")
    files = files_of(function, source_root=PROJECT / "lambdas", installed=installed)
    for name, path in files.items():
        if "__pycache__" not in name:
            target = folder / name.removesuffix("c") if name.endswith(".pyc") else folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


def variables(function: str, *, endpoint: str) -> dict[str, str]:
    """Return a function's environment variables as they are deployed; AWS is at `endpoint`."""
    return {
        **_deployed_variables()[function],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-2",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_LAMBDA_FUNCTION_NAME": f"{function.replace('_', '-')}-function-dev",
        "AWS_ENDPOINT_URL": endpoint,
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
    }


@cache
def _deployed_variables() -> Mapping[str, dict[str, str]]:
    """Return each function's variables, by its folder; some values only AWS knows."""
    told = {
        "ENVIRONMENT": "dev",
        "AWS_ACCOUNT_ID": "123456789012",
        "EMAIL_SENDER": "orders@example.com",
        "CANARY_ITEM": "canary",
    }
    with tempfile.TemporaryDirectory() as folder:
        order_pipeline(Settings.from_environment(told), outdir=folder).synth()
        stack: dict[str, Any] = json.loads(
            Path(folder, "stacks/pipeline/cdk.tf.json").read_text(encoding="utf-8")
        )
    return {
        function["handler"].partition(".")[0]: {
            name: _REFERENCE.sub("known-to-aws", value)
            for name, value in function["environment"]["variables"].items()
        }
        for function in stack["resource"]["aws_lambda_function"].values()
    }


@contextmanager
def secrets() -> Iterator[str]:
    """Serve what functions ask AWS for while they start (the provider's key); yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"Name": "payment-secret", "SecretString": "sk_test_timing"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _installed(module: str) -> Path:
    """Return a module's folder, or its file, in this environment."""
    specification = find_spec(module)
    assert specification is not None
    assert specification.origin is not None
    origin = Path(specification.origin)
    return origin.parent if origin.name == "__init__.py" else origin
