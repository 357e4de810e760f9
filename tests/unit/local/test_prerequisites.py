import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.settings import ROOT

SCRIPT = ROOT / "local/check_prerequisites.sh"

JAVA = "echo '    java.version = {}' >&2; echo '    os.arch = amd64' >&2"
GOOD = {
    "python3.13": "echo 3.13.4",
    "node": "echo v20.9.0",
    "npm": ":",
    "terraform": "echo Terraform v1.10.0; echo on linux_amd64",
    "git": ":",
    "curl": "echo 'curl 7.76.0 (x86_64-pc-linux-gnu) libcurl/7.76.0'",
    "java": JAVA.format("17.0.15"),
}
# In the way that the script asks whether Docker answers, through Python, and then itself.
DOCKER = {"python3.13": '[ $# -gt 2 ] || echo 3.13.4; [ $# -eq 2 ] || "$3" "$4"', "docker": ":"}
NO_DOCKER = {"python3.13": "[ $# -gt 2 ] && exit 1; echo 3.13.4"}

type Check = Callable[..., list[str]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the script where only these programs are; return what it names as missing."""
    for tool in ("awk", "sed", "sh"):
        found = next(p for p in ("/usr/bin", "/bin") if Path(p, tool).exists())
        (tmp_path / tool).symlink_to(Path(found, tool))

    def run(programs: dict[str, str], *arguments: str, backend: str = "") -> list[str]:
        for name, script in programs.items():
            program = tmp_path / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        done = subprocess.run(
            ["sh", SCRIPT, "python3.13", *arguments],
            env={"PATH": str(tmp_path), "LOCAL_BACKEND": backend},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stderr.splitlines()
        assert done.returncode == (1 if lines else 0)
        return [line.removeprefix("  * ") for line in lines[1:]]

    return run


def test_nothing_is_said_where_everything_is_there(check: Check) -> None:
    assert check(GOOD) == []
    assert check(GOOD | NO_DOCKER, "--local") == []


def test_everything_that_is_missing_is_named_at_once(check: Check) -> None:
    named = check({}, "--local")

    programs = [line.split()[0].removesuffix(":") for line in named]
    assert programs == ["Python", "Node.js", "Terraform", "git", "curl", "Java"]
    assert all("https://" in line for line in named)


@pytest.mark.parametrize(
    ("program", "script", "named"),
    [
        ("python3.13", "echo 3.12.7", "Python 3.13 (python3.13 is 3.12.7)"),
        ("python3.13", "echo 3.14.0", "Python 3.13 (python3.13 is 3.14.0)"),
        ("python3.13", "echo not installed >&2; exit 127", "Python 3.13 (python3.13 does not run)"),
        ("node", "echo v18.20.4", "Node.js 20 or newer (node is 18.20.4)"),
        ("terraform", "echo Terraform v1.9.8", "Terraform 1.10 or newer (terraform is 1.9.8)"),
    ],
)
def test_what_is_too_old_is_named(check: Check, program: str, script: str, named: str) -> None:
    (line,) = check(GOOD | {program: script})

    assert line.startswith(named)


def test_an_old_curl_is_named_where_it_is_needed(check: Check) -> None:
    programs = GOOD | NO_DOCKER | {"curl": "echo curl 7.68.0 libcurl/7.68.0"}

    (line,) = check(programs, "--local")

    assert line.startswith("curl 7.76 or newer (curl is 7.68.0)")
    assert check(programs) == []


def test_a_python_without_its_venv_is_named(check: Check) -> None:
    python = 'case "$*" in *ensurepip*) exit 1;; esac; echo 3.13.4'

    (line,) = check(GOOD | {"python3.13": python})

    assert line.startswith("venv and ensurepip of Python 3.13: apt install python3.13-venv")


def test_a_node_without_npm_is_named(check: Check) -> None:
    without = {name: script for name, script in GOOD.items() if name != "npm"}

    (line,) = check(without)

    assert line.startswith("npm, which belongs to Node.js")


@pytest.mark.parametrize("version", ["11.0.25", "1.8.0_432", "16"])
def test_an_old_java_is_named_where_it_is_needed(check: Check, version: str) -> None:
    programs = GOOD | NO_DOCKER | {"java": JAVA.format(version)}

    (line,) = check(programs, "--local")

    assert line.startswith("Java 17 or newer")
    assert check(programs) == []


@pytest.mark.parametrize("version", ["17", "21.0.5", "25-ea"])
def test_a_newer_java_will_do(check: Check, version: str) -> None:
    assert check(GOOD | NO_DOCKER | {"java": JAVA.format(version)}, "--local") == []


def test_java_for_another_processor_is_not_enough(check: Check) -> None:
    java = JAVA.format("21.0.5").replace("amd64", "aarch64")

    (line,) = check(GOOD | NO_DOCKER | {"java": java}, "--local")

    assert line.startswith("Docker, or Java for x86-64")


def test_docker_takes_the_place_of_java(check: Check) -> None:
    assert check(GOOD | DOCKER | {"java": "exit 1"}, "--local") == []


def test_with_the_host_backend_docker_does_not_count(check: Check) -> None:
    (line,) = check(GOOD | DOCKER | {"java": "exit 1"}, "--local", backend="host")

    assert line.startswith("Java")


def test_the_docker_backend_needs_an_engine_and_compose(check: Check) -> None:
    no_compose = {"docker": '[ "$1" = version ]'}

    (without_engine,) = check(GOOD | NO_DOCKER, "--local", backend="docker")
    (without_compose,) = check(GOOD | DOCKER | no_compose, "--local", backend="docker")

    assert without_engine.startswith("Docker, and start it")
    assert without_compose.startswith("Docker Compose")


def test_a_backend_that_does_not_exist_is_named(check: Check) -> None:
    (line,) = check(GOOD, "--local", backend="podman")

    assert "podman" in line
