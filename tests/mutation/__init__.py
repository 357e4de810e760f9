"""Mutation tests: does a test fail when a rule is changed? (docs/mutation-testing.md)."""
