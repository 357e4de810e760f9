"""Personal data, card tokens and the API key are nowhere but where they belong, after all tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.leaks import Kind, leaks
from tests.e2e.personal_data import Places, used_in
from tests.e2e.shop import Shop

pytestmark = pytest.mark.last


def test_nothing_personal_or_secret_is_where_it_does_not_belong(shop: Shop) -> None:
    assert list(leaks(Places(shop).all(), used_in(shop))) == []


def test_places_were_looked_at_and_had_something_in_them(shop: Shop) -> None:
    """Or the search would find nothing anywhere."""
    places = {place.name: "".join(place.texts) for place in Places(shop).all()}
    suffix = shop.deployment.suffix
    account = shop.deployment.audit_bucket_name.rpartition("-")[2]
    for name, has in {
        f"the log group /aws/lambda/{shop.deployment.function_name('payment')}": "recorded",
        f"the log group /aws/lambda/{shop.deployment.function_name('orders-api')}": "requestId",
        f"the table {shop.deployment.orders_table_name}": "orderId",
        f"the table {shop.deployment.inventory_table_name}": "itemId",
        f"the table idempotency-table-{suffix}": "expiresAt",
        f"the queue fulfilment-queue-{suffix}": "ReceiveMessageResult",
        f"the bucket {shop.deployment.audit_bucket_name}": "eventId",
        f"the bucket terraform-state-bucket-local-{account}": "PAYMENT_SECRET_ARN",
        "the synthesised stacks": "PAYMENT_SECRET_ARN",
        "bootstrap's state": "aws_s3_bucket",
        "what Terraform printed": "Apply complete",
        "the outputs": "ApiEndpoint",
        "the functions' settings": "PAYMENT_SECRET_ARN",
        "the payment provider": "metadata",
    }.items():
        assert has in places[name], name


def test_values_are_found_where_they_belong(shop: Shop) -> None:
    orders = f"the table {shop.deployment.orders_table_name}"
    customer = shop.customers[0]
    values = used_in(shop)
    (table,) = (place for place in Places(shop).tables() if place.name == orders)
    text = "\n".join(table.texts)
    contacts = [value for value, kind in values.items() if kind is Kind.CONTACT and value in text]
    assert contacts, f"no contact data, not even of {customer.customer_id}, is in {orders}"


def test_value_that_leaks_into_a_log_is_found(shop: Shop) -> None:
    # given
    secret = "sk_test_order_pipeline"
    group = f"/aws/lambda/{shop.deployment.function_name('payment')}"
    with logged(shop, group, f'{{"message": "asked with {secret}"}}'):
        # when
        found = list(leaks(Places(shop).log_groups(), used_in(shop)))
    # then
    assert found == [f"{secret!r}, {Kind.API_KEY.value}, is in the log group {group}"]


@contextmanager
def logged(shop: Shop, group: str, line: str) -> Iterator[None]:
    """Let a log group have a line for a while."""
    stream = shop.new_id("planted")
    shop.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    shop.logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(time.time() * 1000), "message": line}],
    )
    yield
    shop.logs.delete_log_stream(logGroupName=group, logStreamName=stream)
