"""What each document's commands need, in the order in which the documents are gone through.

In PRELUDE the project's environment is made active once there is one; `placed ID` places an order
of two of ITEM-001 for CUST-12345 and waits until it is confirmed; `dead_letter STAGE` puts a
message that no stage understands on a dead-letter queue and prints its id; `restored` makes an
empty table in the place of one that was restored.
"""

from tests.tour.script import Scene

PRELUDE = """
if [ -e .venv/bin/activate ]; then source .venv/bin/activate; fi
placed() {
  orderctl stock set ITEM-001 --name 'Tea pot' --price 29.99 --available 100 --yes > /dev/null
  orderctl place --file - --follow --yes > /dev/null << END
{"orderId": "$1", "customerId": "CUST-12345", "contact": {"email": "ann@mail.example"},
 "items": [{"itemId": "ITEM-001", "quantity": 2}]}
END
}
api_address() {
  terraform -chdir=cdktf.out/stacks/pipeline output -raw ApiEndpoint
}
curl() {
  command curl --silent --show-error --fail-with-body "$@"
}
restored() {
  local name=orders-table-local-restored
  aws dynamodb describe-table --table-name $name > /dev/null 2>&1 ||
    aws dynamodb create-table --table-name $name --billing-mode PAY_PER_REQUEST > /dev/null \\
      --attribute-definitions AttributeName=orderId,AttributeType=S \\
      --key-schema AttributeName=orderId,KeyType=HASH
}
dead_letter() {
  local queue
  queue=$(aws sqs get-queue-url --queue-name "$1-dlq-local" --output text)
  aws sqs send-message --queue-url "$queue" --message-body '{"no": "event"}' \\
    --query MessageId --output text
}
"""

IN_CI = ".ci/run runs it, in a clean clone"
EMPTY = frozenset({2})
"""There is nothing to go back to."""

README = Scene(
    "README.md",
    left_out={
        "make test": IN_CI,
        "make local-e2e": IN_CI,
    },
    answers={
        'curl "${API}orders/ORD-1"': '"status": ?"CONFIRMED"',
    },
    before={
        "make bootstrap": "make local-up",
        "aws secretsmanager": "echo sk_test_tour > stripe-key.txt",
        "orderctl health": "placed ORD-1",
    },
    reads={
        "orderctl watch ": "orderctl watch --once ",
        "orderctl erase CUST-12345 ": "orderctl erase CUST-12345 --yes ",
        "orderctl rollback ": "orderctl rollback --yes ",
    },
    statuses={
        "make preflight": frozenset({0, 2}),
        "orderctl rollback": EMPTY,
    },
)

OPERATIONS = Scene(
    "docs/operations.md",
    before={
        "orderctl health": "placed ORD-1",
        "orderctl place": """cat > order.json << END
{"orderId": "ORD-2", "customerId": "CUST-12345", "items": [{"itemId": "ITEM-001", "quantity": 3}]}
END""",
        "orderctl dlq list": "ONE=$(dead_letter payment)",
        "make redrive QUEUE=payment MESSAGE": "ONE=$(dead_letter payment)",
        "orderctl dlq discard": "ONE=$(dead_letter payment)",
        "curl --request PUT": "sign=() API=$(api_address)",
        "orderctl restore": "restored",
    },
    reads={
        "orderctl watch ": "orderctl watch --once ",
        "orderctl place ": "orderctl place --yes ",
        "cancel ORD-1": "cancel ORD-1 --yes",
        "ship ORD-1": "ship ORD-2 --yes",
        "deliver ORD-1": "deliver ORD-2 --yes",
        "refund ORD-1": "refund ORD-2 --yes",
        "orderctl stock set ITEM-001 ": "orderctl stock set ITEM-001 --yes ",
        "orderctl stock adjust ": "orderctl stock adjust --yes ",
        # DynamoDB Local takes no more than ten writes in a transaction.
        "--counters 18": "--counters 9",
        "MESSAGE=3f0c…": "MESSAGE=$ONE",
        "--message 3f0c…": "--message $ONE --yes",
        "pm_…": "pm_card_visa",
        "orderctl rollback": "orderctl rollback --yes",
        "--to 12": "--to 1",
        "--prune 10": "--prune 10 --yes",
        "[--since …] [--until …]": "--since 2026-01-31T09:00:00Z --until 2026-01-31T10:00:00Z",
    },
    statuses={
        "orderctl rollback": frozenset({0, 2}),
    },
)

PLAN_REVIEW = Scene("docs/plan-review.md")

OBSERVABILITY = Scene(
    "docs/observability.md",
    unknown_here={"QUERY=": "LocalStack keeps no queries"},
    before={"curl -X POST": "API=$(api_address)"},
    reads={
        "…": (
            "-H 'Content-Type: application/json' --data "
            '\'{"orderId": "ORD-3", "customerId": "CUST-1", '
            '"items": [{"itemId": "ITEM-001", "quantity": 1}]}\''
        ),
    },
)

NO_BACKUPS = "DynamoDB Local has no backups"
RESTORE = Scene(
    "docs/restore.md",
    before={"aws dynamodb wait": "restored"},
    reads={"arn:…": "arn:aws:dynamodb:eu-west-2:000000000000:table/orders/backup/1"},
    unknown_here={
        "aws dynamodb restore-table-to-point-in-time": NO_BACKUPS,
        "aws dynamodb list-backups": NO_BACKUPS,
        "aws dynamodb restore-table-from-backup": NO_BACKUPS,
    },
)

CONTRIBUTING = Scene(
    "CONTRIBUTING.md",
    left_out={
        "make test": IN_CI,
        "make local-e2e": IN_CI,
        "make lock": "changes what is pinned",
    },
)

# Its files, its diffs and what comes of them are a matter of tests/stacks/test_adding_a_stage.py.
ADDING_A_STAGE = Scene("docs/adding-a-stage.md")

DEPLOYING = Scene(
    "docs/deploying.md",
    before={
        "aws secretsmanager": "echo sk_test_tour > stripe-key.txt",
        "aws iam attach-role-policy": """aws iam create-role --role-name storefront > /dev/null \\
  --assume-role-policy-document '{"Version": "2012-10-17", "Statement": []}'""",
        "make bootstrap-recover": "rm .local/*/terraform.bootstrap.tfstate",
        "aws s3api copy-object": """VERSION=$(aws s3api list-object-versions \\
  --bucket "$BUCKET" --prefix "$KEY" --output text \\
  --query "Versions[?IsLatest && Key=='$KEY'].VersionId")""",
        "make unlock": """echo '{"ID": "3f0c9a1e", "Operation": "apply"}' > lock.json
aws s3api put-object --bucket $BUCKET --key $KEY.tflock --body lock.json > /dev/null""",
    },
    reads={
        "versionId=…": "versionId=$VERSION",
        "3f0c9a1e-…": "3f0c9a1e",
        "cdktf destroy bootstrap": "cdktf destroy bootstrap --auto-approve",
    },
    statuses={
        "orderctl preflight": frozenset({0, 1, 3}),
    },
    unknown_here={
        "aws service-quotas": "LocalStack has no Service Quotas",
    },
)

SCENES = (
    README,
    CONTRIBUTING,
    OPERATIONS,
    PLAN_REVIEW,
    OBSERVABILITY,
    RESTORE,
    ADDING_A_STAGE,
    DEPLOYING,
)
"""In this order: README begins with nothing and deploys, deploying.md ends with taking it down."""

RUN_BY_OTHERS = {
    "docs/api.md": "tests/e2e/test_api_guide.py, with the answers",
    "docs/mutation-testing.md": "nobody but a person: hours of processor time",
}
"""Documents whose commands are not run here: who runs them."""
