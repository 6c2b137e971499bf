"""The main loop of a worker process, which is limited in time and memory and ends with its parent."""

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
    """Restarts the time limit of the current job, for long work such as hashing a video. Outside a worker it does nothing."""
    if _seconds:
        signal.setitimer(signal.ITIMER_REAL, _seconds)


def serve(function: str, seconds: str, memory_bytes: str) -> None:
    """Runs jobs until the parent closes the pipe."""
    global _seconds  # noqa: PLW0603  (a worker runs one job at a time)
    jobs, results = _streams()
    _limit(int(memory_bytes))
    module, name = function.split(":")
    work: Callable[[Any], Any] = getattr(importlib.import_module(module), name)
    limit = float(seconds)
    while len(head := jobs.read(4)) == 4:  # noqa: PLR2004
        message = jobs.read(int.from_bytes(head, "big"))
        _seconds = limit
        signal.setitimer(signal.ITIMER_REAL, limit)
        result = _run(work, msgspec.msgpack.decode(message))
        signal.setitimer(signal.ITIMER_REAL, 0)
        _seconds = 0.0
        results.write(len(result).to_bytes(4, "big") + result)
        results.flush()


def _run(work: Callable[[Any], Any], job: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(("done", work(job)))
    except MemoryError:
        # A library may be in an inconsistent state afterwards, so the parent replaces this process.
        return msgspec.msgpack.encode(("died", "needs more memory than allowed"))
    except RecursionError:
        return msgspec.msgpack.encode(("died", "is nested too deeply"))
    except Exception:  # noqa: BLE001  (libraries raise any exception for malicious input)
        return msgspec.msgpack.encode(("died", "cannot be decoded"))


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the parent. The standard streams are redirected, because libraries print to them."""
    jobs, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    return jobs, results


def _limit(memory_bytes: int) -> None:
    """Sets the limits. The default action of SIGALRM ends the process even in C code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    if sys.platform == "linux":  # other systems cannot limit the address space
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
