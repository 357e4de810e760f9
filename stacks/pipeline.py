"""The pipeline stack: everything that moves orders."""

from order_pipeline.api.calls import Caller
from order_pipeline.domain.transitions import EventType
from stacks.building_blocks.api import Api
from stacks.building_blocks.audit_stream import AuditStream
from stacks.building_blocks.audit_table import AuditTable
from stacks.building_blocks.callers import CALLS_OF_CANARY, CallerPolicy
from stacks.building_blocks.customer_channels import CustomerChannels
from stacks.building_blocks.function import TIMEOUT, Function
from stacks.building_blocks.objectives import watch_objectives
from stacks.building_blocks.order_alarms import (
    watch_canary,
    watch_circuit,
    watch_collection,
    watch_for_orders,
    watch_outbox,
    watch_payments,
    watch_reconciler,
    watch_the_flow,
)
from stacks.building_blocks.publisher import EventPublisher
from stacks.building_blocks.queries import save_queries
from stacks.building_blocks.queue import DAY, Queue
from stacks.building_blocks.release import ReleaseRecord
from stacks.building_blocks.schedule import run_every
from stacks.building_blocks.topic import EventTopic
from stacks.building_blocks.watched import of_account
from stacks.building_blocks.worker import VISIBILITY_TIMEOUTS, QueueWorker, Worker
from stacks.building_blocks.workload import WorkloadStack
from stacks.cdk import Construct, TerraformOutput
from stacks.order_dashboard import OrderDashboard
from stacks.settings import Settings
from stacks.storage import CUSTOMER_INDEX, OPEN_ORDERS_INDEX, StorageStack

BREAKER_MINUTES = 1
RECONCILER_MINUTES = 5


class PipelineStack(WorkloadStack):
    """The topic, the stages around it, the API in front and the audit behind; holds no data."""

    def __init__(self, scope: Construct, settings: Settings, storage: StorageStack) -> None:
        super().__init__(scope, "pipeline", settings, key_arn=storage.key_arn)
        self._storage = storage
        self._orders_table = {"ORDERS_TABLE_NAME": storage.orders.name}
        self._inventory_table = {"INVENTORY_TABLE_NAME": storage.inventory.name}
        self._idempotency_table = {"IDEMPOTENCY_TABLE_NAME": storage.idempotency.name}
        self._payment_provider = {
            "PAYMENT_SECRET_ARN": storage.payment_secret.arn,
            "PAYMENT_API_URL": settings.payment_api_url,
            "DEPLOYMENT_NAME": self.names.suffix,
        }

        self._events = self._outbox()
        api = self._api(self._intake_overflow())
        self._validation()
        self._inventory()
        payment = self._payment()
        self._notification()
        fulfilment = self._fulfilment()
        self._callers(api, fulfilment)

        self._breaker(payment)
        self._reconciler()
        if settings.canary_item:
            self._canary(api, settings.canary_item)
        self._alarms(api)
        self._insight()
        ReleaseRecord(self)

        self._output("OrdersTableName", storage.orders.name)
        self._output("InventoryTableName", storage.inventory.name)
        self._output("AuditBucketName", storage.audit_bucket_name)
        self._output("PaymentSecretArn", storage.payment_secret.arn)

    # ------------------------------------------------------------------ in and out

    def _outbox(self) -> EventTopic:
        """Publish what is written to the orders table, and record all of it for the audit."""
        events = EventTopic(self, "order-events")
        EventPublisher(self, stream_arn=self._storage.orders.stream_arn, topic=events)
        AuditStream(self, from_=events, bucket_name=self._storage.audit_bucket_name)
        if not self.settings.is_local:  # LocalStack has no Glue
            AuditTable(self, self._storage.audit_bucket_name)
        events.tell_shop(self.settings.shop_addresses, self.settings.shop_events)
        self._output("OrderEventsTopicArn", events.arn)
        return events

    def _intake_overflow(self) -> Queue:
        """Keep the orders that the table does not take, and store them when it does."""
        # No redrive policy: an accepted order is tried for as long as SQS keeps it
        # (docs/adr/0009-accepted-orders-are-never-given-up.md).
        overflow = Queue(
            self,
            "intake-overflow",
            visibility_timeout=VISIBILITY_TIMEOUTS * TIMEOUT,
            max_receives=None,
            retention=14 * DAY,
            waiting="Accepted orders are not yet stored: customers have an order number but cannot "
            "see their order.",
            section="deferred-orders",
        )
        intake_drain = QueueWorker(
            self,
            "intake_drain",
            queue=overflow,
            # So that an order is in the table within a minute of DynamoDB's return.
            longest_delay=30,
            environment=self._orders_table,
        )
        intake_drain.may(self._storage.orders.put, self._storage.orders.get)
        self._output_queue("IntakeOverflow", overflow)
        return overflow

    def _api(self, overflow: Queue) -> Api:
        """Take orders, and all that callers ask for afterwards."""
        orders, inventory = self._storage.orders, self._storage.inventory
        idempotency = self._storage.idempotency
        place_order = Function(
            self,
            "place_order",
            # A write, the look at an earlier order, the message to the overflow queue: each may
            # take seven seconds. API Gateway waits for 29.
            timeout=25,
            environment=self._orders_table
            | {
                "DEFAULT_PAYMENT_METHOD": self.settings.default_payment_method,
                "INTAKE_OVERFLOW_QUEUE_URL": overflow.url,
            },
        )
        place_order.may(orders.put, orders.get, overflow.send)
        orders_api = Function(self, "orders_api", environment=self._orders_table)
        orders_api.may(orders.get, orders.batch_get, orders.update, orders.query(CUSTOMER_INDEX))
        inventory_api = Function(
            self, "inventory_api", environment=self._inventory_table | self._idempotency_table
        )
        inventory_api.may(inventory.get, inventory.put, inventory.update)
        inventory_api.may(inventory.batch_get, inventory.delete)  # the counters of hot items
        inventory_api.may(idempotency.get, idempotency.put)
        api = Api(self, "orders", functions=[place_order, orders_api, inventory_api])
        self._output("ApiEndpoint", api.endpoint)
        return api

    def _callers(self, api: Api, fulfilment: Queue) -> None:
        """Let each caller make its calls, and the warehouse take what is handed over to it."""
        beside = {Caller.WAREHOUSE: [fulfilment.consume_by_name]}
        for caller in Caller:
            policy = CallerPolicy(self, caller, api, beside=beside.get(caller, ()))
            name = caller.value.title().replace("-", "")
            self._output(f"{name}PolicyArn", policy.arn)

    # ------------------------------------------------------------------ stages

    def _validation(self) -> None:
        """Check what was ordered against the catalogue."""
        validation = Worker(
            self,
            "validation",
            consumes=[EventType.ORDER_PLACED],
            from_=self._events,
            waiting="Orders are accepted but not validated: customers wait for confirmation.",
            environment=self._orders_table | self._inventory_table,
        )
        orders = self._storage.orders
        validation.may(orders.get, orders.update, self._storage.inventory.batch_get)
        self._output_queue("Validation", validation.queue)

    def _inventory(self) -> None:
        """Hold stock, give it back, let it go."""
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
            from_=self._events,
            waiting="Stock is reserved and released late: customers are waiting for confirmation, "
            "and stock of cancelled orders is not back on sale.",
            environment=self._orders_table | self._inventory_table,
        )
        orders, inventory = self._storage.orders, self._storage.inventory
        reservation.may(orders.get, orders.update, inventory.put, inventory.update)
        reservation.may(inventory.batch_get)  # the counters of hot items
        self._output_queue("Inventory", reservation.queue)

    def _payment(self) -> Worker:
        """Have the payment provider hold money, take it, set it free and give it back."""
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
            from_=self._events,
            waiting="Payments are processed late: customers are waiting for confirmation or for "
            "refunds, and parcels leave before they are paid for.",
            timeout=20,
            # As many as there is time for at their slowest (ADR 21).
            batch_size=3,
            # With a backoff of up to ten minutes: at least an hour before it is given up.
            max_receives=21,
            longest_delay=self.settings.payment_retry_longest_delay_seconds,
            environment=self._orders_table | self._idempotency_table | self._payment_provider,
        )
        orders, idempotency = self._storage.orders, self._storage.idempotency
        payment.may(orders.get, orders.update, idempotency.get, idempotency.update)
        payment.may(self._storage.payment_secret.read)
        watch_collection(self.alarms, payment.function.log_group_name)
        self._output_queue("Payment", payment.queue)
        return payment

    def _notification(self) -> None:
        """Tell the customer."""
        channels = CustomerChannels(self)
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
            from_=self._events,
            waiting="Customers are getting news of their orders late.",
            timeout=25,
            environment=self._orders_table
            | self._idempotency_table
            | {
                "EMAIL_SENDER": self.settings.email_sender,
                "PUSH_ENDPOINTS": channels.push_endpoints,
            },
        )
        idempotency = self._storage.idempotency
        notification.may(self._storage.orders.get, idempotency.get, idempotency.update)
        notification.may(channels.send_email, channels.send_sms, channels.send_push)
        self._output_queue("Notification", notification.queue)

    def _fulfilment(self) -> Queue:
        """Hand over to the warehouse system: five minutes for what it picks up at once."""
        fulfilment = Queue(
            self,
            "fulfilment",
            topic_arn=self._events.arn,
            visibility_timeout=300,
            waiting="The warehouse is not picking up orders: parcels will leave late, and "
            "cancelled orders may still be shipped.",
            late_after_minutes=60,
        )
        self._events.fill(
            fulfilment,
            "fulfilment",
            [EventType.ORDER_CONFIRMED, EventType.ORDER_CANCELLED],
            of_canary=False,
        )
        self._output_queue("Fulfilment", fulfilment)
        return fulfilment

    # ------------------------------------------------------------------ guards

    def _breaker(self, payment: Worker) -> None:
        """Pause the payment stage while the provider is out."""
        breaker = Function(
            self,
            "payment_breaker",
            environment=self._idempotency_table
            | self._payment_provider
            | {"PAYMENT_MAPPING_ID": payment.mapping.uuid},
        )
        idempotency = self._storage.idempotency
        breaker.may(idempotency.get, idempotency.delete, payment.control)
        breaker.may(self._storage.payment_secret.read)
        run_every(
            self,
            breaker,
            minutes=BREAKER_MINUTES,
            failed="A paused payment stage may stay paused even when the provider is back: orders "
            "would keep waiting for payment.",
        )
        watch_circuit(self.alarms, breaker.folder, every=BREAKER_MINUTES)

    def _reconciler(self) -> None:
        """Look after orders that are past their due, and after the books."""
        reconciler = Function(
            self,
            "reconciler",
            timeout=240,
            environment=self._orders_table
            | self._inventory_table
            | self._idempotency_table
            | self._payment_provider
            | {"EVENT_TOPIC_ARN": self._events.arn},
        )
        orders, idempotency = self._storage.orders, self._storage.idempotency
        reconciler.may(orders.get, orders.update, orders.query(OPEN_ORDERS_INDEX))
        reconciler.may(idempotency.get, idempotency.update, self._storage.inventory.get)
        reconciler.may(self._events.publish, self._storage.payment_secret.read)
        run_every(
            self,
            reconciler,
            minutes=RECONCILER_MINUTES,
            failed="Overdue orders are not being followed up: whatever a fault has left unfinished "
            "stays that way.",
        )
        watch_reconciler(
            self.alarms, reconciler.folder, reconciler.log_group_name, every=RECONCILER_MINUTES
        )

    def _canary(self, api: Api, item_id: str) -> None:
        """Place a test order every few minutes, as a storefront does, and cancel it again."""
        canary = Function(
            self,
            "canary",
            # Longer than the longest run (lambdas/canary/probe.py), shorter than its interval.
            timeout=270,
            environment={
                "API_ENDPOINT": api.endpoint_for_functions,
                "CANARY_ITEM": item_id,
                "CANARY_PAYMENT_METHOD": self.settings.canary_payment_method,
            },
        )
        canary.may(api.make_calls("MakeTestOrders", CALLS_OF_CANARY))
        run_every(
            self,
            canary,
            minutes=self.settings.canary_minutes,
            failed="The canary could not finish its run: nothing shows whether a customer's order "
            "would go through.",
        )
        watch_canary(self.alarms, minutes=self.settings.canary_minutes)

    # ------------------------------------------------------------------ insight

    def _insight(self) -> None:
        """Show how orders, stages and resources do."""
        if not self.settings.is_local:  # LocalStack has no saved queries
            save_queries(self, self.functions)
        if self.settings.dashboard:
            storage = self._storage
            OrderDashboard(
                self,
                api_name=self.names.of("orders", "api"),
                table_names={
                    "orders": storage.orders.name,
                    "inventory": storage.inventory.name,
                    "idempotency": storage.idempotency.name,
                },
                topic_name=self._events.name,
                audit_stream_name=self.names.of("audit", "stream"),
                alarm_arns=self.alarms.arns,
            )

    # ------------------------------------------------------------------ alarms

    def _alarms(self, api: Api) -> None:
        """Watch what belongs to no single resource of this stack."""
        storage = self._storage
        self.alarms.watch(of_account(self.settings.account_concurrency))
        # In which operations DynamoDB may fail at each table.
        for alarms in (
            storage.orders.alarms(
                "BatchGetItem",
                "GetItem",
                "PutItem",
                "Query",
                "TransactWriteItems",
                "UpdateItem",
                has_transactions=True,
            ),
            storage.inventory.alarms(
                "BatchGetItem",
                "GetItem",
                "PutItem",
                "TransactWriteItems",
                "UpdateItem",
                has_transactions=True,
            ),
            storage.idempotency.alarms("DeleteItem", "GetItem", "TransactWriteItems", "UpdateItem"),
        ):
            self.alarms.watch(*alarms)
        watch_payments(self.alarms)
        watch_for_orders(self.alarms, self.settings.least_orders)
        watch_outbox(self.alarms, queue_name=self.names.of("validation", "queue"))
        watch_objectives(self.alarms, api_name=api.name, stage=api.stage_name)
        watch_the_flow(self.alarms)

    # ------------------------------------------------------------------ outputs

    def _output_queue(self, name: str, queue: Queue) -> None:
        self._output(f"{name}QueueUrl", queue.url)
        self._output(f"{name}QueueName", queue.name)
        self._output(f"{name}DeadLetterQueueUrl", queue.dead_letters.url)
        self._output(f"{name}DeadLetterQueueName", queue.dead_letters.name)

    def _output(self, name: str, value: str) -> None:
        TerraformOutput(self, name, value=value)
