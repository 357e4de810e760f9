"""The environment in which Terraform and the CDKTF CLI run, and where providers come from.

Terraform downloads providers from its registry, unless this machine has a filesystem mirror of it:
https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryFile

from local.one_at_a_time import held_locks
from local.settings import STATE

AWS_PROVIDER = Path("registry.terraform.io/hashicorp/aws")

# Where the Filesystem Hierarchy Standard has add-on software.
ADD_ON_SOFTWARE = Path("/opt")


def terraform_environment() -> dict[str, str]:
    """Return the variables to add to the environment of `terraform` and `cdktf`."""
    variables = {
        "CHECKPOINT_DISABLE": "1",
        # The CDKTF CLI would choose a cache of its own.
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",
    }
    if mirror := provider_mirror():
        variables["TF_CLI_CONFIG_FILE"] = str(_configuration_for(mirror))
    elif "TF_PLUGIN_CACHE_DIR" not in os.environ:
        cache = STATE / "terraform-plugins"
        cache.mkdir(parents=True, exist_ok=True)
        variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
    return variables


def environment_without_lock_files() -> dict[str, str]:
    """Return the variables for a folder of which nobody keeps the dependency lock file.

    With them Terraform takes a provider from its cache as it is there. Without, where there is no
    lock file, it installs it into the cache again, also while another Terraform runs it:
    https://developer.hashicorp.com/terraform/cli/config/config-file#allowing-the-provider-plugin-cache-to-break-the-dependency-lock-file
    """
    return {**terraform_environment(), "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1"}


def run_terraform(
    folder: Path, *arguments: str, variables: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run Terraform in a folder, and return what it said.

    It writes into files, not to this process: if this one is killed it goes on to its end, and no
    other works with what this one has locked meanwhile.
    """
    turn = _initialising() if arguments[0] == "init" else nullcontext()
    with turn, TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            check=False,
            pass_fds=held_locks(),
        )
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), errors.read())


@contextmanager
def _initialising() -> Iterator[None]:
    """Wait until no other process of this checkout initialises a folder by `run_terraform`.

    Two would fill one cache of providers, to which Terraform does not see itself:
    https://github.com/hashicorp/terraform/issues/31964
    """
    STATE.mkdir(exist_ok=True)
    with (STATE / "terraform-init.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def asks_registry() -> bool:
    """Say whether the provider is downloaded from Terraform's registry."""
    return provider_mirror() is None and not _person_has_decided()


def provider_mirror() -> Path | None:
    """Return the folder from which to take the AWS provider, if there is one."""
    return next((folder for folder in _candidates() if (folder / AWS_PROVIDER).is_dir()), None)


def _candidates() -> Iterator[Path]:
    """Yield where to look: where the person says, where Terraform does, where software is put.

    Terraform's own places:
    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    if named := os.environ.get("TF_PROVIDER_MIRROR"):
        yield Path(named)
    if _person_has_decided():
        return
    home = Path.home()
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    data_home = os.environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    data_folders = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in (data_home, *data_folders.split(":")):
        yield Path(folder) / "terraform/plugins"
    yield from sorted(ADD_ON_SOFTWARE.glob("*/"))
    yield from sorted(ADD_ON_SOFTWARE.glob("*/*/"))


def _person_has_decided() -> bool:
    """Say whether the person's own CLI configuration file says where providers come from."""
    path = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    return path.is_file() and "provider_installation" in path.read_text()


def _configuration_for(mirror: Path) -> Path:
    """Write a CLI configuration file that takes the provider from the mirror."""
    path = STATE / "terraform.rc"
    text = (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f'    include = ["{AWS_PROVIDER}"]\n'
        "  }\n"
        "  direct {\n"
        f'    exclude = ["{AWS_PROVIDER}"]\n'
        "  }\n"
        "}\n"
    )
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(exist_ok=True)
        # Renamed into place: tests that run at the same time read it.
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text)
        unfinished.replace(path)
    return path
