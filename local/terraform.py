"""The environment in which Terraform and the CDKTF CLI run, and where providers come from.

Terraform downloads providers from its registry, unless a filesystem mirror of it is on this
machine: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from local.settings import STATE

AWS_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
ADD_ON_SOFTWARE = Path("/opt")


def terraform_environment() -> dict[str, str]:
    """Return the variables to add to the environment of `terraform` and `cdktf`."""
    variables = {
        "CHECKPOINT_DISABLE": "1",
        # jsii warns about Node releases it has not been tried with; CDKTF works on them.
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    if mirror := provider_mirror():
        variables["TF_CLI_CONFIG_FILE"] = str(_configuration_for(mirror))
    elif "TF_PLUGIN_CACHE_DIR" not in os.environ:
        cache = STATE / "terraform-plugins"
        cache.mkdir(parents=True, exist_ok=True)
        variables["TF_PLUGIN_CACHE_DIR"] = str(cache)
    return variables


def provider_mirror() -> Path | None:
    """Return the folder that mirrors the registry's AWS provider, if there is one."""
    candidates = mirror_candidates(os.environ, Path.home(), ADD_ON_SOFTWARE)
    return next((folder for folder in candidates if (folder / AWS_PROVIDER).is_dir()), None)


def mirror_candidates(
    variables: Mapping[str, str], home: Path, add_on_software: Path
) -> Iterable[Path]:
    """Yield the folders in which to look for a mirror, the most deliberate choice first.

    They are the one that TF_PROVIDER_MIRROR names, those that Terraform itself looks into
    (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories),
    and those one or two levels below the place for add-on software.
    """
    if named := variables.get("TF_PROVIDER_MIRROR"):
        yield Path(named)
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    data_home = variables.get("XDG_DATA_HOME") or home / ".local/share"
    data_folders = variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for data_folder in (data_home, *data_folders.split(":")):
        yield Path(data_folder) / "terraform/plugins"
    yield from sorted(add_on_software.glob("*/"))
    yield from sorted(add_on_software.glob("*/*/"))


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
