import json
from pathlib import Path

import pytest

from delivery import addresses
from delivery.target import DeliveryError

ENTRY = {
    "EMAIL_SENDER": "orders@shop.example",
    "ALARM_ADDRESSES": "ops@shop.example, ann%ops@shop.example",
    "SHOP_ADDRESSES": "+447700900123",
}


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a step sets variables for the next ones; the job is of dev."""
    file = tmp_path / "variables"
    monkeypatch.setenv("GITHUB_ENV", str(file))
    monkeypatch.setenv("ENVIRONMENT", "dev")
    return file


def test_each_address_is_hidden_before_the_next_steps_get_it(
    variables: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    other = {"EMAIL_SENDER": "orders@prod.example"}
    monkeypatch.setenv("ADDRESSES", json.dumps({"dev": ENTRY, "prod": other}))
    # when
    addresses.give_to_next_steps()
    # then
    assert capsys.readouterr().out.splitlines() == [
        "::add-mask::orders@shop.example",
        "::add-mask::ops@shop.example",
        "::add-mask::ann%25ops@shop.example",
        "::add-mask::+447700900123",
    ]
    assert variables.read_text().splitlines() == [f"{name}={ENTRY[name]}" for name in ENTRY]


def test_who_is_not_named_is_nobody(
    variables: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADDRESSES", '{"dev": {"EMAIL_SENDER": "orders@shop.example"}}')
    addresses.give_to_next_steps()
    assert capsys.readouterr().out == "::add-mask::orders@shop.example\n"
    assert variables.read_text().splitlines()[1:] == ["ALARM_ADDRESSES=", "SHOP_ADDRESSES="]


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "There is no secret ADDRESSES"),
        ("orders@shop.example", "is not JSON"),
        ('["orders@shop.example"]', "valid dict"),
        ('{"prod": {"EMAIL_SENDER": "orders@shop.example"}}', "has no entry dev"),
        ('{"dev": {"ALARM_ADDRESSES": "ops@shop.example"}}', "dev.EMAIL_SENDER: Field required"),
        ('{"dev": {"EMAIL_SENDER": ["ops@shop.example"]}}', "dev.EMAIL_SENDER: .* valid string"),
        (json.dumps({"dev": {**ENTRY, "PATH": "ops@shop.example"}}), "dev.PATH: Extra"),
        ('{"dev": {"EMAIL_SENDER": "ops@shop.example\\nPATH=x"}}', "dev.EMAIL_SENDER"),
        ('{"dev": {"EMAIL_SENDER": "ops@shop.example\\n"}}', "dev.EMAIL_SENDER"),
    ],
)
def test_a_malformed_secret_is_refused_and_not_told(
    variables: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    secret: str,
    said: str,
) -> None:
    monkeypatch.setenv("ADDRESSES", secret)
    with pytest.raises(DeliveryError, match=said) as refused:
        addresses.give_to_next_steps()
    assert "shop.example" not in str(refused.value) + capsys.readouterr().out
    assert not variables.exists()
