"""What the functions' code logs, told to a person: their log lines are for CloudWatch.

The tool runs the functions' own code, whose logger writes JSON to the output, which is for results.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from order_pipeline.adapters.observability import logger
from orderctl.terminal import complain

_NOT_A_LINE = logging.CRITICAL + 1


class _Sentences(logging.Handler):
    """Tells what went wrong in one line, with the reason and without a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line to the error output."""
        reason = record.exc_info[1] if record.exc_info else getattr(record, "code", None)
        complain(f"{record.getMessage()}: {reason}" if reason else record.getMessage())


@contextmanager
def told_in_sentences() -> Iterator[None]:
    """Tell warnings and errors in sentences while a command runs; what is only noted is left out.

    Afterwards the logger is as it was.
    """
    lines, sentences = logger.registered_handler, _Sentences()
    level = lines.level
    lines.setLevel(_NOT_A_LINE)
    logger.addHandler(sentences)
    try:
        yield
    finally:
        logger.handlers.remove(sentences)
        lines.setLevel(level)
