"""What the tests of the worker pool have their workers do."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from workers.worker_process import extend_deadline


def work(job: Any) -> Any:
    """A number is doubled; a word is a way to die."""
    if isinstance(job, int):
        return job * 2
    return globals()[str(job)]()


def crash() -> None:
    ctypes.string_at(0)


def hang() -> None:
    while True:
        pass


def devour() -> None:
    held = [bytearray(64 << 20)]
    while True:
        held.append(bytearray(64 << 20))


def fail() -> None:
    raise LookupError


def deep() -> None:
    deep()


def leave() -> None:
    sys.exit(3)


def chatter() -> str:
    print("libraries print")  # noqa: T201
    os.write(1, b"and so do theirs")
    return "quiet"


def get_on() -> float:
    signal.setitimer(signal.ITIMER_REAL, 5)
    extend_deadline()
    return signal.getitimer(signal.ITIMER_REAL)[0]


def who() -> int:
    return os.getpid()


def interrupted() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"
