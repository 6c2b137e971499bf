"""Jobs of the tests of the worker pool."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from workers.worker_process import extend_deadline


def work(job: Any) -> Any:
    """Doubles a number; a text is the name of a function below."""
    if isinstance(job, int):
        return job * 2
    return globals()[str(job)]()


def crash() -> None:
    ctypes.string_at(0)


def hang() -> None:
    while True:
        pass


def exhaust_memory() -> None:
    blocks = [bytearray(64 << 20)]
    while True:
        blocks.append(bytearray(64 << 20))


def fail() -> None:
    raise LookupError


def deep() -> None:
    deep()


def exit_process() -> None:
    sys.exit(3)


def print_output() -> str:
    print("output of Python")  # noqa: T201
    os.write(1, b"output of C")
    return "quiet"


def extend() -> float:
    signal.setitimer(signal.ITIMER_REAL, 5)
    extend_deadline()
    return signal.getitimer(signal.ITIMER_REAL)[0]


def process_id() -> int:
    return os.getpid()


def interrupt() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "continued"
