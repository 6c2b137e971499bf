"""The inside of a worker process: bounded in time and memory, silent, and gone when its parent is."""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

_seconds = 0.0


def extend_deadline() -> None:
    """For long work that gets on (hashing a film): the time for this job begins anew. Nothing outside a worker."""
    if _seconds:
        signal.setitimer(signal.ITIMER_REAL, _seconds)


def serve(function: str, seconds: str, memory_bytes: str) -> None:
    """Answers jobs until the parent closes the pipe."""
    global _seconds  # noqa: PLW0603  (one job at a time in one process: that is what a worker is)
    jobs, answers = _streams()
    _bound(int(memory_bytes))
    module, name = function.split(":")
    work: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
    limit = float(seconds)
    while len(head := jobs.read(4)) == 4:  # noqa: PLR2004
        message = jobs.read(int.from_bytes(head, "big"))
        _seconds = limit
        signal.setitimer(signal.ITIMER_REAL, limit)
        answer = _answer(work, msgspec.msgpack.decode(message))
        signal.setitimer(signal.ITIMER_REAL, 0)
        _seconds = 0.0
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _answer(work: Callable[[Any], Any], job: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(("done", work(job)))
    except MemoryError:
        # What was held when memory ran out is free again, but a library may be left half way: the parent replaces us.
        return msgspec.msgpack.encode(("died", "needs more memory than it may have"))
    except RecursionError:
        return msgspec.msgpack.encode(("died", "is nested too deeply"))
    except Exception:  # noqa: BLE001  (whatever a library raises for hostile input: this job's reason, no other's)
        return msgspec.msgpack.encode(("died", "makes its reader fail"))


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent, moved away from where libraries print to."""
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    return jobs, answers


def _bound(memory_bytes: int) -> None:
    """The alarm's default action ends the process, in the midst of C code too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if sys.platform == "linux":  # elsewhere the address space cannot be bounded
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
