"""Money: integer minor units inside, decimal text at the edge, never a binary float."""

import re
from decimal import Decimal
from enum import StrEnum

_SANE_DIGITS = 20
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


class Currency(StrEnum):
    """A currency that the shop sells in (ISO 4217)."""

    GBP = "GBP"
    EUR = "EUR"
    USD = "USD"
    JPY = "JPY"

    @property
    def decimals(self) -> int:
        """How many decimals an amount may have."""
        return _DECIMALS[self]

    @property
    def smallest_charge(self) -> int:
        """The least that can be charged, in minor units.

        Source: Stripe, "Minimum and maximum charge amounts".
        """
        return _SMALLEST_CHARGE[self]


_DECIMALS = {Currency.GBP: 2, Currency.EUR: 2, Currency.USD: 2, Currency.JPY: 0}
_SMALLEST_CHARGE = {Currency.GBP: 30, Currency.EUR: 50, Currency.USD: 50, Currency.JPY: 50}


class AmountError(ValueError):
    """An amount that is not one: the message says what is allowed."""


def minor_units(amount: str | int | Decimal, currency: Currency) -> int:
    """Read an amount as it stands in a request.

    Parameters
    ----------
    amount
        Decimal text or number in major units, such as ``"29.99"``; zero or more, with at most the
        currency's decimals (trailing zeros count as decimals).
    currency
        The currency the amount is in.

    Returns
    -------
    int
        The amount in minor units, such as ``2999``.

    Raises
    ------
    AmountError
        If the amount is negative, too precise, too large or no number.

    Examples
    --------
    >>> minor_units("29.99", Currency.GBP)
    2999
    """
    if not _AMOUNT.fullmatch(text := _plain(amount)):
        raise AmountError(f"must be an amount of zero or more, such as {_example(currency)}")
    _, _, fraction = text.partition(".")
    if len(fraction) > currency.decimals:
        raise AmountError(
            f"must have at most {currency.decimals} decimal places in {currency}, "
            f"such as {_example(currency)}"
        )
    return int(Decimal(text).scaleb(currency.decimals))


def major_units(amount: int, currency: Currency) -> str:
    """Write an amount for people and responses.

    Examples
    --------
    >>> major_units(2999, Currency.GBP)
    '29.99'
    """
    return f"{Decimal(amount).scaleb(-currency.decimals):.{currency.decimals}f}"


def _plain(amount: str | int | Decimal) -> str:
    """Write a number without its exponent, unless it is absurd (1e400000000 would fill memory)."""
    if isinstance(amount, Decimal) and amount.is_finite() and abs(amount.adjusted()) < _SANE_DIGITS:
        return format(amount, "f")
    return str(amount)


def _example(currency: Currency) -> str:
    return major_units(2999, currency)
