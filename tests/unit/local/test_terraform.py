import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.terraform import (
    asks_registry,
    environment_without_lock_files,
    provider_mirror,
    run_terraform,
    terraform_environment,
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on it."""
    for variable in ("TF_PROVIDER_MIRROR", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path / 'share'}:{tmp_path / 'more'}")
    monkeypatch.setattr("local.terraform.ADD_ON_SOFTWARE", tmp_path / "add-on")
    monkeypatch.setattr("local.terraform.STATE", tmp_path / "state")
    return tmp_path


def mirror_in(folder: Path) -> Path:
    (folder / "registry.terraform.io/hashicorp/aws/5.100.0").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "home/.terraform.d/plugins",
        "home/Library/Application Support/io.terraform/plugins",
        "data/terraform/plugins",
        "more/terraform/plugins",
        "add-on/any-name",
        "add-on/vendor/any-name",
    ],
)
def test_a_mirror_is_found(machine: Path, place: str) -> None:
    mirror = mirror_in(machine / place)

    assert provider_mirror() == mirror
    assert not asks_registry()


def test_a_mirror_of_other_providers_is_none(machine: Path) -> None:
    (machine / "add-on/any-name/registry.terraform.io/hashicorp/random").mkdir(parents=True)

    assert provider_mirror() is None
    assert asks_registry()


def test_the_mirror_that_the_person_names_wins(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror_in(machine / "add-on/any-name")
    mirror = mirror_in(machine / "elsewhere")

    monkeypatch.setenv("TF_PROVIDER_MIRROR", str(mirror))

    assert provider_mirror() == mirror


@pytest.mark.parametrize("named_by_variable", [True, False])
def test_the_persons_own_choice_of_where_providers_come_from_is_left(
    machine: Path, monkeypatch: pytest.MonkeyPatch, named_by_variable: bool
) -> None:
    mirror_in(machine / "add-on/any-name")
    path = machine / ("my.rc" if named_by_variable else "home/.terraformrc")
    path.parent.mkdir(exist_ok=True)
    path.write_text("provider_installation {\n  network_mirror { url = 'https://m' }\n}\n")
    if named_by_variable:
        monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(path))

    assert "TF_CLI_CONFIG_FILE" not in terraform_environment()
    assert not asks_registry()


def test_a_configuration_file_that_is_not_there_decides_nothing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = mirror_in(machine / "add-on/any-name")

    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(machine / "missing.rc"))

    assert provider_mirror() == mirror


def test_terraform_is_told_of_the_mirror(machine: Path) -> None:
    mirror = mirror_in(machine / 'add-on/with a space and "')

    path = Path(terraform_environment()["TF_CLI_CONFIG_FILE"])

    assert path.read_text().splitlines() == [
        "provider_installation {",
        "  filesystem_mirror {",
        f'    path    = "{str(mirror).replace('"', '\\"')}"',
        '    include = ["registry.terraform.io/hashicorp/aws"]',
        "  }",
        "  direct {",
        '    exclude = ["registry.terraform.io/hashicorp/aws"]',
        "  }",
        "}",
    ]


def test_without_a_mirror_downloads_are_kept(machine: Path) -> None:
    variables = terraform_environment()

    assert variables["TF_PLUGIN_CACHE_DIR"] == str(machine / "state/terraform-plugins")
    assert (machine / "state/terraform-plugins").is_dir()
    assert "TF_CLI_CONFIG_FILE" not in variables


def test_without_lock_files_the_cache_is_taken_as_it_is(machine: Path) -> None:
    variables = environment_without_lock_files()

    assert variables.pop("TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE") == "1"
    assert variables == terraform_environment()


def test_the_cache_is_filled_by_one_at_a_time(machine: Path) -> None:
    # given a Terraform that would tell of another
    terraform = machine / "terraform"
    terraform.write_text(
        "#!/bin/sh\nmkdir working || exit 1\nsleep 0.3\nrmdir working\necho $* in order\n"
    )
    terraform.chmod(0o755)
    variables = os.environ | {"PATH": f"{machine}:{os.environ['PATH']}"}
    # when
    with ThreadPoolExecutor(3) as threads:
        done = threads.map(lambda _: run_terraform(machine, "init", variables=variables), range(3))
    # then
    assert [each.stdout for each in done] == [f"-chdir={machine} init in order\n"] * 3


def test_the_persons_own_plugin_cache_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", "/their/cache")

    assert "TF_PLUGIN_CACHE_DIR" not in terraform_environment()


def test_nothing_is_asked_of_the_network() -> None:
    assert terraform_environment()["CHECKPOINT_DISABLE"] == "1"
