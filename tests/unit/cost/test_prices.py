"""Prices: each is used, and says where it is from."""

from pathlib import Path

import pytest

from cost.arithmetic import ALONE, also_of, beside_of, kept_of
from cost.document import lines_of
from cost.month import month_of
from cost.prices import Price, read_prices
from cost.sizes import Sizes
from tests.unit.cost.builders import an_order, measured
from tests.unit.cost.test_month import PROD, SIZES

PRICES = read_prices()


@pytest.mark.parametrize("name", PRICES)
def test_a_price_says_what_it_rests_on(name: str) -> None:
    price = PRICES[name]
    assert price.usd > 0
    assert price.per > 0
    assert price.source.startswith("https://")
    assert price.taken in {"london", "everywhere", "unchecked"}


def test_there_is_no_price_that_nothing_is_charged_by() -> None:
    sizes, order = Sizes.of("prod"), an_order()
    lines = [*lines_of(measured(), sizes, ALONE), *also_of(sizes), *kept_of(order)]
    lines += beside_of()
    used = {line.price for line in lines}
    used |= {line.price for line in month_of(PROD, SIZES, measured().runs_ms)}
    not_in_a_month_at_rest = {"bucket_puts"}
    assert PRICES.keys() == used | not_in_a_month_at_rest


def test_a_price_is_for_so_many() -> None:
    assert Price(0.4, 1_000_000, "requests", "https://aws.example", "london").of(2_500_000) == 1.0


def test_a_price_without_a_source_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[requests]\nusd = 1.0\nper = 1\nunit = "x"\ntaken = "london"\n')
    with pytest.raises(TypeError, match="source"):
        read_prices(file)
