"""Which environment runs an invocation: LocalStack 4.14.0 fails some of those that come at once.

It looks through a function's environments while other invocations add theirs, and shows a new one
to all before the invocation that started it has taken it. Later releases, which need a token, mend
the first: https://github.com/localstack/localstack/pull/13844. In Docker both remain.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.execution_environment import InvalidStatusException


class Environments(dict[str, Any]):
    """The environments of a function's version, which may change while they are looked through."""

    def values(self) -> list[Any]:  # type: ignore[override]  # as they are now
        """Return those that are there now."""
        return list(super().values())


class SharedAssignmentService(AssignmentService):  # type: ignore[misc]  # untyped here
    """LocalStack's, for invocations at once."""

    def __init__(self) -> None:
        super().__init__()
        self.environments: dict[str, Environments] = defaultdict(Environments)

    @contextmanager
    def get_environment(self, *arguments: Any) -> Iterator[Any]:
        """Give an invocation an environment to itself; a new one if none is free."""
        with ExitStack() as taken:
            yield self._take(taken, *arguments)

    def _take(self, taken: ExitStack, *arguments: Any) -> Any:
        while True:
            try:
                return taken.enter_context(super().get_environment(*arguments))
            except InvalidStatusException:
                # Another invocation took the new one first.
                continue
