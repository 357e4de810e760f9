"""What is mutated, and which tests are to notice."""

from dataclasses import dataclass
from pathlib import Path

DOMAIN = Path("lambdas/order_pipeline/domain")


@dataclass(frozen=True)
class Suite:
    """Some modules and the tests that hold them."""

    modules: tuple[Path, ...]
    tests: tuple[str, ...]

    def rounds_for(self, module: Path) -> list[list[str]]:
        """Return the tests in rounds: those that are called after the module, then the others."""
        named = [
            str(path)
            for tests in map(Path, self.tests)
            for path in ([tests] if tests.is_file() else tests.rglob("test_*.py"))
            if path.stem == f"test_{module.stem}"
        ]
        others = [[each] for each in self.tests if each not in named]
        return [*([named] if named else []), *others]


SUITES = {
    "domain": Suite(
        modules=tuple(
            DOMAIN / f"{name}.py"
            for name in (
                "transitions",
                "order",
                "money",
                "events",
                "reservation",
                "stock_counters",
                "books",
                "catalogue",
                "authorisation",
                "cancellation",
                "shipping",
                "refunds",
                "progress",
                "erasure",
            )
        ),
        tests=("tests/unit/domain", "tests/unit/released"),
    ),
    "plan-review": Suite(
        modules=tuple(sorted(Path("plan_review/rules").glob("[!_]*.py"))),
        tests=(
            "tests/plan_review/test_access.py",
            "tests/plan_review/test_data.py",
            "tests/plan_review/test_documents.py",
            "tests/plan_review/test_encryption.py",
            "tests/plan_review/test_functions.py",
            "tests/plan_review/test_identity.py",
            "tests/plan_review/test_policies.py",
            "tests/plan_review/test_policy.py",
            "tests/plan_review/test_readable.py",
            "tests/plan_review/test_registry.py",
            "tests/plan_review/test_retention.py",
            "tests/plan_review/test_workings.py",
            "tests/plan_review/test_fixtures.py",
        ),
    ),
}
