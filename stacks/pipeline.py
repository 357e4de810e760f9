"""The pipeline stack: everything that moves orders."""

from order_pipeline.transitions import EventType
from stacks.building_blocks.api import Api
from stacks.building_blocks.audit_stream import AuditStream
from stacks.building_blocks.audit_table import AuditTable
from stacks.building_blocks.customer_channels import CustomerChannels
from stacks.building_blocks.function import Function
from stacks.building_blocks.publisher import EventPublisher
from stacks.building_blocks.queue import Queue
from stacks.building_blocks.topic import EventTopic
from stacks.building_blocks.worker import Worker
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import Construct, TerraformOutput
from stacks.settings import Settings
from stacks.storage import CUSTOMER_INDEX, StorageStack


class PipelineStack(WorkloadStack):
    """The topic, the stages around it, the API in front and the audit behind; holds no data."""

    def __init__(self, scope: Construct, settings: Settings, storage: StorageStack) -> None:
        super().__init__(scope, "pipeline", settings, key_arn=storage.key_arn)
        orders, inventory, idempotency = storage.orders, storage.inventory, storage.idempotency
        orders_table = {"ORDERS_TABLE_NAME": orders.name}
        inventory_table = {"INVENTORY_TABLE_NAME": inventory.name}
        idempotency_table = {"IDEMPOTENCY_TABLE_NAME": idempotency.name}

        events = EventTopic(self, "order-events")
        EventPublisher(self, stream_arn=orders.stream_arn, topic=events)
        AuditStream(self, from_=events, bucket_name=storage.audit_bucket_name)
        if not settings.is_local:  # LocalStack has no Glue
            AuditTable(self, storage.audit_bucket_name)
        events.tell_shop(settings.shop_addresses, settings.shop_events)

        place_order = Function(
            self,
            "place_order",
            environment=orders_table | {"DEFAULT_PAYMENT_METHOD": settings.default_payment_method},
        )
        place_order.may(orders.put, orders.get)
        orders_api = Function(self, "orders_api", environment=orders_table)
        orders_api.may(orders.get, orders.update, orders.query(CUSTOMER_INDEX))
        inventory_api = Function(
            self, "inventory_api", environment=inventory_table | idempotency_table
        )
        inventory_api.may(inventory.get, inventory.put, inventory.update)
        inventory_api.may(idempotency.get, idempotency.put)
        api = Api(self, "orders", functions=[place_order, orders_api, inventory_api])

        validation = Worker(
            self,
            "validation",
            consumes=[EventType.ORDER_PLACED],
            from_=events,
            environment=orders_table | inventory_table,
        )
        validation.may(orders.get, orders.update, inventory.batch_get)

        reservation = Worker(
            self,
            "inventory",
            consumes=[
                EventType.ORDER_VALIDATED,
                EventType.PAYMENT_DECLINED,
                EventType.ORDER_CANCELLED,
                EventType.PARCEL_SHIPPED,
                EventType.ORDER_SHIPPED,
                EventType.PAYMENT_REFUNDED,
            ],
            from_=events,
            environment=orders_table | inventory_table,
        )
        reservation.may(orders.get, orders.update, inventory.put, inventory.update)

        payment = Worker(
            self,
            "payment",
            consumes=[
                EventType.STOCK_RESERVED,
                EventType.ORDER_CANCELLED,
                EventType.PARCEL_SHIPPED,
                EventType.ORDER_SHIPPED,
                EventType.REFUND_REQUESTED,
            ],
            from_=events,
            timeout=20,
            batch_size=5,
            # With a backoff of up to ten minutes: at least an hour before it is given up.
            max_receives=21,
            longest_delay=600,
            environment=orders_table
            | idempotency_table
            | {
                "PAYMENT_SECRET_ARN": storage.payment_secret.arn,
                "PAYMENT_API_URL": settings.payment_api_url,
            },
        )
        payment.may(orders.get, orders.update, idempotency.get, idempotency.update)
        payment.may(storage.payment_secret.read)
        payment.watch(
            EventType.PAYMENT_CAPTURE_FAILED,
            "A parcel has left and its payment could not be taken: see the order's history, "
            "settle it with the customer, and publish ParcelShipped again to retry.",
        )
        payment.watch(
            EventType.REFUND_FAILED,
            "A refund was refused by the payment provider: see the order's history, and ask for "
            "it again with another refundId once the reason is gone.",
        )

        notification = Worker(
            self,
            "notification",
            consumes=[
                EventType.ORDER_CONFIRMED,
                EventType.ORDER_REJECTED,
                EventType.STOCK_UNAVAILABLE,
                EventType.PAYMENT_DECLINED,
                EventType.ORDER_CANCELLED,
                EventType.PARCEL_SHIPPED,
                EventType.ORDER_DELIVERED,
                EventType.PAYMENT_CAPTURED,
                EventType.PAYMENT_REFUNDED,
            ],
            from_=events,
            environment=orders_table | idempotency_table | {"EMAIL_SENDER": settings.email_sender},
        )
        channels = CustomerChannels(self)
        notification.may(orders.get, idempotency.get, idempotency.update)
        notification.may(channels.send_email, channels.send_sms, channels.send_push)

        # The warehouse system consumes it: five minutes for what it picks up at once.
        fulfilment = Queue(self, "fulfilment", topic_arn=events.arn, visibility_timeout=300)
        events.fill(
            fulfilment, "fulfilment", [EventType.ORDER_CONFIRMED, EventType.ORDER_CANCELLED]
        )

        self._output("ApiEndpoint", api.endpoint)
        self._output("OrdersTableName", orders.name)
        self._output("InventoryTableName", inventory.name)
        self._output("OrderEventsTopicArn", events.arn)
        self._output("AuditBucketName", storage.audit_bucket_name)
        self._output("PaymentSecretArn", storage.payment_secret.arn)
        self._output_queue("Validation", validation.queue)
        self._output_queue("Inventory", reservation.queue)
        self._output_queue("Payment", payment.queue)
        self._output_queue("Notification", notification.queue)
        self._output_queue("Fulfilment", fulfilment)

    def _output_queue(self, name: str, queue: Queue) -> None:
        self._output(f"{name}QueueUrl", queue.url)
        self._output(f"{name}QueueName", queue.name)
        self._output(f"{name}DeadLetterQueueUrl", queue.dead_letters.url)
        self._output(f"{name}DeadLetterQueueName", queue.dead_letters.name)

    def _output(self, name: str, value: str) -> None:
        TerraformOutput(self, name, value=value)
