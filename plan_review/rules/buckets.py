"""Which buckets have what is a resource of its own: a block, an encryption."""

from plan_review.plan import UNKNOWN, Plan


def buckets_with(plan: Plan, kind: str) -> set[str]:
    """Return the addresses of the buckets that a resource of a kind is about.

    It refers to its bucket, or has its name. A name that is known after the apply only is nobody's.
    """
    about = {
        found
        for each, state in plan.all(kind)
        for found in (*plan.referred(each.address, "bucket"), state.value("bucket"))
    } - {UNKNOWN}
    return {
        bucket.address
        for bucket, state in plan.all("aws_s3_bucket")
        if {bucket.address, state.value("bucket")} & about
    }
