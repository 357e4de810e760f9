import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_pipeline.domain.money import AmountError, Currency, major_units, minor_units


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


def test_what_is_no_amount_is_told_what_one_looks_like() -> None:
    with pytest.raises(AmountError, match=r"an amount of zero or more, such as 29\.99"):
        minor_units("abc", Currency.GBP)


@pytest.mark.parametrize("amount", ["1e400000000", "1e-400000000", "-1e400000000"])
def test_an_absurd_exponent_is_refused_without_writing_it_out(amount: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(AmountError):
            minor_units(Decimal(amount), Currency.GBP)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000, "400 MB if it is written out"


def test_infinity_is_refused() -> None:
    with pytest.raises(AmountError):
        minor_units(Decimal("Infinity"), Currency.GBP)


def test_a_currency_without_decimals_takes_none() -> None:
    with pytest.raises(AmountError, match="at most 0 decimal places in JPY, such as 2999"):
        minor_units("10.5", Currency.JPY)


@given(st.integers(min_value=0, max_value=10**11), st.sampled_from(Currency))
def test_writing_and_reading_give_the_same_amount(amount: int, currency: Currency) -> None:
    assert minor_units(major_units(amount, currency), currency) == amount


def test_every_currency_says_what_can_be_charged() -> None:
    """As Stripe has it: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts."""
    assert {str(currency): currency.smallest_charge for currency in Currency} == {
        "GBP": 30,
        "EUR": 50,
        "USD": 50,
        "JPY": 50,
    }
