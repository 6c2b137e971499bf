"""Names the places in the code that an exception passed, for the log. Neither the exception's text nor any value is included."""

from __future__ import annotations

from types import TracebackType


def code_locations(trace: TracebackType | None) -> list[str]:
    """Returns file and line of the eight innermost frames of a traceback, outermost first."""
    found: list[str] = []
    while trace is not None:
        found.append(f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found[-8:]
