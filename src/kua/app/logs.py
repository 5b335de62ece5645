# SPDX-License-Identifier: Apache-2.0
"""Log lines: one JSON object each on stderr, with the station and the process. Never a credential, never anything of a picture."""

import sys

import structlog


def configure(role: str, **always: str) -> None:
    """Send structlog's events to stderr as JSON; `role` (the process) and `always` stand in every line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bound(role, always),
            structlog.processors.JSONRenderer(),
        ],
        # Asked for with each logger: a process may be given another stderr.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _bound(role: str, always: dict[str, str]) -> structlog.typing.Processor:
    """Add what is the same in every line, for every thread of the process."""

    def add(_logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"role": role, **always, **event}

    return add
