"""What things are called: names, and the ARNs and URLs that follow from them.

Every name is ``{resource}-{type}-{suffix}``; buckets, whose names are shared by all accounts of
AWS, add the account's id. Because a name decides an ARN, most resources can point at each other
without waiting for each other to be there.
"""

from dataclasses import dataclass

# Lambda functions and IAM roles have the tightest limit of all that is named here.
LONGEST_NAME = 64
LONGEST_BUCKET_NAME = 63

LIVE = "live"
"""The alias of every function: what everybody calls, and what a rollback moves."""

AUDIT_EVENTS_PREFIX = "events/"
"""Where the audit bucket has its events; Firehose adds YYYY/MM/DD/HH/ (UTC) to it."""


@dataclass(frozen=True)
class Names:
    """The names and ARNs of one copy of the pipeline."""

    suffix: str
    account_id: str
    region: str
    endpoint: str = ""
    """Where LocalStack answers instead of AWS."""

    def of(self, resource: str, kind: str) -> str:
        """Return the name of a resource, such as ``payment-queue-dev``."""
        return _checked(f"{resource}-{kind}-{self.suffix}", LONGEST_NAME)

    def bucket(self, resource: str) -> str:
        """Return the name of a bucket, such as ``audit-bucket-dev-123456789012``."""
        return _checked(f"{resource}-bucket-{self.suffix}-{self.account_id}", LONGEST_BUCKET_NAME)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of what `service` calls `resource` in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def queue_arn(self, name: str) -> str:
        """Return the ARN of the queue `name`."""
        return self.arn("sqs", name)

    def queue_url(self, name: str) -> str:
        """Return the URL of the queue `name`."""
        endpoint = self.endpoint or f"https://sqs.{self.region}.amazonaws.com"
        return f"{endpoint}/{self.account_id}/{name}"

    def topic_arn(self, name: str) -> str:
        """Return the ARN of the topic `name`."""
        return self.arn("sns", name)

    def table_arn(self, name: str) -> str:
        """Return the ARN of the table `name`."""
        return self.arn("dynamodb", f"table/{name}")

    def function_arn(self, name: str) -> str:
        """Return the ARN of the function `name`."""
        return self.arn("lambda", f"function:{name}")

    def live_arn(self, name: str) -> str:
        """Return the ARN of the version of the function `name` that is live."""
        return f"{self.function_arn(name)}:{LIVE}"

    def log_group_arn(self, name: str) -> str:
        """Return the ARN of the log group `name`."""
        return self.arn("logs", f"log-group:{name}")

    def delivery_stream_arn(self, name: str) -> str:
        """Return the ARN of the Firehose stream `name`."""
        return self.arn("firehose", f"deliverystream/{name}")

    def role_arn(self, name: str) -> str:
        """Return the ARN of the role `name`."""
        return f"arn:aws:iam::{self.account_id}:role/{name}"

    def policy_arn(self, name: str) -> str:
        """Return the ARN of the managed policy `name`."""
        return f"arn:aws:iam::{self.account_id}:policy/{name}"

    def bucket_arn(self, name: str) -> str:
        """Return the ARN of the bucket `name`."""
        return f"arn:aws:s3:::{name}"


def _checked(name: str, longest: int) -> str:
    if len(name) > longest:
        raise ValueError(f"the name {name} has {len(name)} characters; AWS allows {longest}")
    return name
