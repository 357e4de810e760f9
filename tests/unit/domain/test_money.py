from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_pipeline.money import AmountError, Currency, major_units, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("29.99", Currency.GBP, 2999),
        (Decimal("29.99"), Currency.GBP, 2999),
        ("29.9", Currency.EUR, 2990),
        (30, Currency.USD, 3000),
        (Decimal("3E+1"), Currency.USD, 3000),
        ("0", Currency.GBP, 0),
        ("1500", Currency.JPY, 1500),
    ],
)
def test_amounts_are_read_exactly(
    amount: str | int | Decimal, currency: Currency, expected: int
) -> None:
    assert minor_units(amount, currency) == expected


@pytest.mark.parametrize(
    "amount",
    [
        "29.999",
        "-1",
        "",
        "abc",
        "1e3",
        "1,50",
        " 1",
        "\uff11",
        Decimal("NaN"),
        Decimal("-0.01"),
        True,
    ],
)
def test_what_is_no_amount_is_refused(amount: str | int | Decimal) -> None:
    with pytest.raises(AmountError):
        minor_units(amount, Currency.GBP)


def test_an_absurd_exponent_is_refused_without_writing_it_out() -> None:
    with pytest.raises(AmountError):
        minor_units(Decimal("1e400000000"), Currency.GBP)


def test_a_currency_without_decimals_takes_none() -> None:
    with pytest.raises(AmountError, match="at most 0 decimals in JPY, such as 2999"):
        minor_units("10.5", Currency.JPY)


@given(st.integers(min_value=0, max_value=10**11), st.sampled_from(Currency))
def test_writing_and_reading_give_the_same_amount(amount: int, currency: Currency) -> None:
    assert minor_units(major_units(amount, currency), currency) == amount


def test_every_currency_says_what_can_be_charged() -> None:
    assert all(currency.smallest_charge > 0 for currency in Currency)
