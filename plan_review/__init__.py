"""Reviews what Terraform plans to do, before it does it (docs/plan-review.md)."""
