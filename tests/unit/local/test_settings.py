"""Variables that a person sets, with values that cannot be."""

import os
import subprocess
import sys

import pytest

from local.settings import ROOT, settings_from_environment


def set_ports(monkeypatch: pytest.MonkeyPatch, local: str, payment: str) -> None:
    monkeypatch.setenv("LOCAL_PORT", local)
    monkeypatch.setenv("PAYMENT_PORT", payment)


@pytest.mark.parametrize(
    ("local", "payment", "said"),
    [
        ("abc", "", "LOCAL_PORT is 'abc'; it must be a port number, 1 to 65530."),
        ("0", "", "LOCAL_PORT is '0'; it must be a port number, 1 to 65530."),
        ("-1", "", "LOCAL_PORT is '-1'; it must be a port number, 1 to 65530."),
        ("٤٥٦٦", "", "LOCAL_PORT is '٤٥٦٦'; it must be a port number, 1 to 65530."),
        # The ports after it have to be some, too.
        ("65531", "", "LOCAL_PORT is '65531'; it must be a port number, 1 to 65530."),
        ("", "0", "PAYMENT_PORT is '0'; it must be a port number, 1 to 65535."),
        ("", "65536", "PAYMENT_PORT is '65536'; it must be a port number, 1 to 65535."),
        (
            "8420",
            "",
            "PAYMENT_PORT is 8420; it must be none of the ports 8420 to 8425",
        ),
        (
            "",
            "4571",
            "PAYMENT_PORT is 4571; it must be none of the ports 4566 to 4571",
        ),
    ],
)
def test_a_port_that_cannot_be_is_named(
    monkeypatch: pytest.MonkeyPatch, local: str, payment: str, said: str
) -> None:
    set_ports(monkeypatch, local, payment)

    with pytest.raises(SystemExit) as ended:
        settings_from_environment()

    assert str(ended.value.code).startswith(said)


@pytest.mark.parametrize(
    ("local", "payment", "expected"),
    [
        ("", "", (4566, 8420)),
        ("65530", "65529", (65530, 65529)),
        ("4666", "4672", (4666, 4672)),
    ],
)
def test_other_ports_are_taken(
    monkeypatch: pytest.MonkeyPatch, local: str, payment: str, expected: tuple[int, int]
) -> None:
    set_ports(monkeypatch, local, payment)

    settings = settings_from_environment()

    assert (settings.port, settings.payment_port) == expected


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LOCAL_PORT": "abc"}, "LOCAL_PORT is 'abc'; it must be a port number"),
        ({"LOCAL_BACKEND": "x"}, "error: LOCAL_BACKEND is 'x'; it can be docker or host."),
    ],
)
def test_a_command_names_what_is_wrong_and_does_nothing(
    variables: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    (line,) = done.stderr.splitlines()
    assert line.startswith(said)
    assert done.returncode == 1
    assert done.stdout == ""
