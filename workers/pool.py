"""Work that may crash, hang or fill the memory, done by processes that are replaced when they die.

A worker is a plain Python process that answers one job after another over its standard streams, in MessagePack: what it
says is never unpickled here, so a worker that hostile input has taken over can lie, but run nothing in this process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self, TypeVar

import msgspec

T = TypeVar("T")
_ROOT: Final = Path(__file__).parents[1]
_MAX_ANSWER: Final = 64 << 20
_AHEAD: Final = 4
_MOST: Final = 4
_STOPPED: Final = "was not read: the import was stopped"
_DEATHS: Final[Mapping[int, str]] = {
    signal.SIGALRM: "takes longer than it may",
    signal.SIGBUS: "became shorter while it was read",
    signal.SIGKILL: "needs more memory than there is",
}


class WorkerDied(RuntimeError):
    """The job in hand cost its worker its life; the text is the reason, a phrase that follows the name of the file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may cost. A function that is still getting on may ask for as many seconds again (`still_working`)."""

    seconds: float = 30.0
    memory_bytes: int = 2 << 30


class WorkerPool:
    """Processes for one function, named `package.module:function`, that takes and gives plain values (no pickles).

    They start with the first jobs. `submit` may be called from any thread. Close it, or use it in a `with`.
    """

    def __init__(self, function: str, limits: Limits | None = None, *, count: int | None = None) -> None:
        self._function = function
        self._limits = limits or Limits()
        self.count = count or max(1, min(_MOST, os.cpu_count() or 1))
        self._threads = ThreadPoolExecutor(self.count, thread_name_prefix="workers")
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: object) -> Future[Any]:
        """The function's answer, or `WorkerDied`. For coroutines: `await asyncio.wrap_future(workers.submit(job))`."""
        try:
            return self._threads.submit(self._do, job)
        except RuntimeError:  # closed by another thread
            failed: Future[Any] = Future()
            failed.set_exception(WorkerDied(_STOPPED))
            return failed

    def each(self, things: Iterable[T], job_of: Callable[[T], object | None]) -> Iterator[tuple[T, Future[Any] | None]]:
        """Things in their order with their finished futures, a few worked on ahead; None where a thing has no job."""
        ahead: deque[tuple[T, Future[Any] | None]] = deque()
        for thing in things:
            job = job_of(thing)
            ahead.append((thing, None if job is None else self.submit(job)))
            if len(ahead) > _AHEAD * self.count:
                yield _finished(ahead.popleft())
        while ahead:
            yield _finished(ahead.popleft())

    def close(self) -> None:
        """Ends the processes at once; unfinished jobs fail."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            for worker in self._all:
                worker.bury()
            self._all.clear()

    def _do(self, job: object) -> Any:
        worker = self._take()
        try:
            answer = worker.ask(job)
        except BaseException:
            with self._lock:
                self._all.discard(worker)
            worker.kill()
            worker.bury()
            raise
        with self._lock:
            self._idle.append(worker)
        return answer

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise WorkerDied(_STOPPED)
            if self._idle:
                return self._idle.pop()
            worker = _Worker(self._function, self._limits)
            self._all.add(worker)
            return worker


def _finished(pair: tuple[T, Future[Any] | None]) -> tuple[T, Future[Any] | None]:
    if pair[1] is not None:
        wait([pair[1]])
    return pair


class _Worker:
    """One process, one job at a time."""

    def __init__(self, function: str, limits: Limits) -> None:
        program = "import sys; from workers.worker_process import serve; serve(*sys.argv[1:])"
        kept = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ
        }
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and program)
            [sys.executable, "-c", program, function, str(limits.seconds), str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**kept, "PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for us: we finish the batch in hand, for which the worker is needed
        )

    def ask(self, job: object) -> Any:
        """Raises WorkerDied."""
        message = msgspec.msgpack.encode(job)
        try:
            stdin, stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)
            stdin.write(len(message).to_bytes(4, "big") + message)
            stdin.flush()
            length = int.from_bytes(_exactly(stdout, 4), "big")
            if length > _MAX_ANSWER:
                raise WorkerDied("makes its reader say more than may be")
            ended, answer = msgspec.msgpack.decode(_exactly(stdout, length))
        except (OSError, EOFError, ValueError, TypeError):
            raise WorkerDied(self._why()) from None
        if ended != "done":
            raise WorkerDied(str(answer))
        return answer

    def _why(self) -> str:
        """Why it died; it is dead or dying."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0
        return _DEATHS.get(-code, "makes its reader crash")

    def kill(self) -> None:
        """At once, whatever it is doing."""
        with suppress(OSError):
            self._process.kill()

    def bury(self) -> None:
        """No zombie and no open pipe stays."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _pipe(pipe).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found
