"""What each function needs: its recorded calls as IAM names them, and what the services imply."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.permissions.grants import ANYTHING, KEY, Grant
from tests.permissions.recording import PUSH, SMS, RecordedCall
from tests.stacks.synthesised import Deployment, Resource

AUTHORIZATION = "https://docs.aws.amazon.com/service-authorization/latest/reference"
TRANSACTIONS = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"
)
SNS_ACTIONS = f"{AUTHORIZATION}/list_amazonsns.html"

OTHER_ACTIONS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("dynamodb", "TransactWriteItems/Delete"): ("DeleteItem", TRANSACTIONS),
    ("dynamodb", "TransactWriteItems/Put"): ("PutItem", TRANSACTIONS),
    ("dynamodb", "TransactWriteItems/Update"): ("UpdateItem", TRANSACTIONS),
    ("sns", "PublishBatch"): ("Publish", SNS_ACTIONS),
}
"""Operations that ask for a permission of another name: → the action, and AWS's page.

Of those that are recorded. Others to know of: a transaction's `ConditionCheck` asks for
`ConditionCheckItem`; batches of SQS for the action without `Batch`.
"""


def needed(deployment: Deployment, function: str, calls: set[RecordedCall]) -> set[Grant]:
    """Return all that a function needs."""
    direct = {grant_for(call) for call in calls if call.function == function}
    subject = Subject(deployment, function, frozenset(direct))
    implied = {grant for row in IMPLIED for grant in row.grants(subject)}
    return direct | implied


def grant_for(call: RecordedCall) -> Grant:
    """Return what IAM must grant for a call."""
    action, _ = OTHER_ACTIONS.get((call.service, call.operation), (call.operation, ""))
    assert "/" not in action, f"which action is {call}?"
    return Grant(f"{call.service}:{action}", _resource(call))


def _resource(call: RecordedCall) -> str:
    """Return the ARN of what a call is about."""
    name, _, index = call.resource.partition("/")
    worker = name.removeprefix("mapping of ").removesuffix("-function")
    return {
        # A phone number has no ARN.
        # https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html
        SMS: "all but arn:aws:sns:*:*:*",
        PUSH: _arn("sns", "endpoint/*"),
    }.get(call.resource) or {
        "dynamodb": _arn("dynamodb", f"table/{name}-{{suffix}}" + f"/index/{index}" * bool(index)),
        "execute-api": _arn(
            "execute-api", f"{{orders-api}}/{{suffix}}/{call.resource.replace(' ', '')}"
        ),
        "lambda": _arn("lambda", f"event-source-mapping:{{{worker}-mapping}}"),
        "secretsmanager": _arn("secretsmanager", f"secret:{name}-{{suffix}}-{{random}}"),
        "ses": _arn("ses", "identity/{sender}"),
        "sns": _arn("sns", f"{name}-{{suffix}}"),
        "sqs": _arn("sqs", f"{name}-{{suffix}}"),
    }[call.service]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-2:{{account}}:{resource}"


# ------------------------------------------------------------------ what the services imply


@dataclass(frozen=True)
class Subject:
    """A function as it is deployed, and what it needs for its own calls."""

    deployment: Deployment
    name: str
    direct: frozenset[Grant]

    @property
    def function(self) -> Resource:
        """The function itself."""
        return self.deployment.one(f"aws_lambda_function.{self.name}-function")

    def mappings(self, kind: str) -> Iterator[tuple[Resource, Resource]]:
        """Yield the function's event source mappings with their source, a resource of a kind.

        A source of another stack, the orders table's stream, is that stack's table.
        """
        for mapping in self.deployment.all("aws_lambda_event_source_mapping"):
            if f".{self.name}-function." not in _target(self.deployment, mapping):
                continue
            source = self.deployment.referred(mapping.stack, mapping["event_source_arn"])
            if source is None and "aws_dynamodb_tableorders-table" in mapping["event_source_arn"]:
                source = self.deployment.one("aws_dynamodb_table.orders-table")
            assert source is not None, mapping
            if source.type == kind:
                yield mapping, source

    def calls(self, *actions: str) -> bool:
        """Say whether the function itself asks for any of these actions, on what has an ARN."""
        return any(
            grant.action in actions and not grant.resource.startswith("all but ")
            for grant in self.direct
        )


def _target(deployment: Deployment, mapping: Resource) -> str:
    """Return the reference to the function of a mapping, also where it is by an alias."""
    reference: str = mapping["function_name"]
    target = deployment.referred(mapping.stack, reference)
    if target is not None and target.type == "aws_lambda_alias":
        return str(target["function_name"])
    return reference


@dataclass(frozen=True)
class Implied:
    """A row of the table of what services do in a function's name, or ask of its role."""

    because: str
    source: str
    """AWS's page that says so."""
    grants: Callable[[Subject], Iterator[Grant]]


def _writes_log(subject: Subject) -> Iterator[Grant]:
    streams = _arn("logs", f"log-group:/aws/lambda/{subject.name}-function-{{suffix}}:log-stream:*")
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield Grant(action, streams)


def _is_traced(subject: Subject) -> Iterator[Grant]:
    if subject.function["tracing_config"] == {"mode": "Active"}:
        for action in ("xray:PutTraceSegments", "xray:PutTelemetryRecords"):
            yield Grant(action, ANYTHING)


def _has_encrypted_variables(subject: Subject) -> Iterator[Grant]:
    # LocalStack does not keep the key; the policy is that of the other environments.
    if subject.function.get("kms_key_arn") or subject.deployment.settings.is_local:
        yield from _through("lambda", "kms:Decrypt")


def _is_fed_by_queue(subject: Subject) -> Iterator[Grant]:
    for _, queue in subject.mappings("aws_sqs_queue"):
        for action in ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"):
            yield Grant(action, _arn("sqs", f"{queue.id}-{{suffix}}"))


def _is_fed_by_stream(subject: Subject) -> Iterator[Grant]:
    for _, table in subject.mappings("aws_dynamodb_table"):
        stream = _arn("dynamodb", f"table/{table.id}-{{suffix}}/stream/{{time}}")
        for verb in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"):
            yield Grant(f"dynamodb:{verb}", stream)


def _gives_up_records(subject: Subject) -> Iterator[Grant]:
    for mapping, _ in subject.mappings("aws_dynamodb_table"):
        destination = mapping["destination_config"]["on_failure"]["destination_arn"]
        queue = subject.deployment.referred(mapping.stack, destination)
        assert queue is not None, destination
        yield Grant("sqs:SendMessage", _arn("sqs", f"{queue.id}-{{suffix}}"))


def _uses_tables(subject: Subject) -> Iterator[Grant]:
    fed = any(subject.mappings("aws_dynamodb_table"))
    if fed or any(grant.action.startswith("dynamodb:") for grant in subject.direct):
        yield from _through("dynamodb", "kms:Decrypt")


def _reads_secret(subject: Subject) -> Iterator[Grant]:
    if subject.calls("secretsmanager:GetSecretValue"):
        yield from _through("secretsmanager", "kms:Decrypt")


def _receives(subject: Subject) -> Iterator[Grant]:
    if any(subject.mappings("aws_sqs_queue")):
        yield from _through("sqs", "kms:Decrypt")


def _sends(subject: Subject) -> Iterator[Grant]:
    if subject.calls("sqs:SendMessage") or any(_gives_up_records(subject)):
        yield from _through("sqs", "kms:Decrypt", "kms:GenerateDataKey")


def _publishes(subject: Subject) -> Iterator[Grant]:
    if any(
        grant.action == "sns:Publish" and grant.resource.endswith("-topic-{suffix}")
        for grant in subject.direct
    ):
        yield from _through("sns", "kms:Decrypt", "kms:GenerateDataKey")


def _through(service: str, *actions: str) -> Iterator[Grant]:
    for action in actions:
        yield Grant(action, KEY, f"kms:ViaService = {service}.eu-west-2.amazonaws.com")


_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_SQS_KEYS = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/"
    "sqs-key-management.html"
)

IMPLIED = (
    Implied(
        "Lambda writes a function's log with its role. The group is the stack's own, so that no "
        "role may make one.",
        f"{_LAMBDA}/monitoring-cloudwatchlogs.html",
        _writes_log,
    ),
    Implied(
        "Active tracing: Lambda and the X-Ray SDK send segments with the function's role. X-Ray "
        "has no resources to name.",
        f"{_LAMBDA}/services-xray.html",
        _is_traced,
    ),
    Implied(
        "The environment variables are encrypted with the key. Lambda decrypts them with the "
        "function's role: by a grant that it made, or, where a role was made anew and has none, by "
        "this permission.",
        "https://repost.aws/knowledge-center/lambda-kmsaccessdeniedexception-errors",
        _has_encrypted_variables,
    ),
    Implied(
        "A queue's event source mapping receives and deletes messages, and reads the queue's "
        "attributes, with the function's role.",
        f"{_LAMBDA}/services-sqs-configure.html",
        _is_fed_by_queue,
    ),
    Implied(
        "A stream's event source mapping finds and reads the stream with the function's role.",
        f"{_LAMBDA}/services-dynamodb-eventsourcemapping.html",
        _is_fed_by_stream,
    ),
    Implied(
        "What the stream's mapping gives up it puts on its on-failure queue with the function's "
        "role.",
        f"{_LAMBDA}/services-dynamodb-errors.html",
        _gives_up_records,
    ),
    Implied(
        "DynamoDB decrypts a table's own key, with which it and its stream are encrypted, in the "
        "caller's name.",
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
        _uses_tables,
    ),
    Implied(
        "Secrets Manager decrypts a secret's data key in the reader's name.",
        "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
        _reads_secret,
    ),
    Implied(
        "SQS decrypts a data key in the name of whoever receives from an encrypted queue.",
        _SQS_KEYS,
        _receives,
    ),
    Implied(
        "SQS asks for a data key, and checks it, in the name of whoever sends to an encrypted "
        "queue.",
        _SQS_KEYS,
        _sends,
    ),
    Implied(
        "SNS asks for a data key, and checks it, in the name of whoever publishes on an encrypted "
        "topic.",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        _publishes,
    ),
)
