"""What LocalStack does not keep, so that a plan after the first deploy shows it as a change."""

type Difference = tuple[str, str]
"""The address of a resource, and its attribute."""

KNOWN_PLAN_DIFFERENCES: dict[str, set[Difference]] = {
    "bootstrap": set(),
    "storage": set(),
    # LocalStack 4.14.0 forgets the tags that an alarm is made with.
    "pipeline": {
        ("aws_cloudwatch_composite_alarm", "tags_all"),
        ("aws_cloudwatch_metric_alarm", "tags_all"),
    },
}
"""By stack: a kind of resource, and its attribute. A test fails on a difference that is not listed,
and on one whose kind or reason is gone."""
