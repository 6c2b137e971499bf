"""A pool of worker processes for jobs that may crash, hang or exhaust the memory. Dead workers are replaced.

A worker is a Python process that runs one job at a time and exchanges MessagePack over its standard streams. Results are never
unpickled, so that a worker which malicious input controls can return wrong values but cannot run code in this process.
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
_MAX_RESULT_BYTES: Final = 64 << 20
_QUEUED_PER_WORKER: Final = 4
_MAX_WORKERS: Final = 4
_STOPPED: Final = "was not processed: the import was stopped"
_DEATHS: Final[Mapping[int, str]] = {
    signal.SIGALRM: "takes longer than allowed",
    signal.SIGBUS: "was truncated while it was read",
    signal.SIGKILL: "needs more memory than is available",
}


class WorkerDied(RuntimeError):
    """The worker died during the job; the text is the reason, a phrase that follows the name of the file."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one job. A function that makes progress may restart the time limit by `extend_deadline`."""

    seconds: float = 30.0
    memory_bytes: int = 2 << 30


class WorkerPool:
    """Processes that run one function, named `package.module:function`, which takes and returns plain values.

    They start with the first jobs. `submit` is thread-safe. The pool must be closed, or used as a context manager.
    """

    def __init__(self, function: str, limits: Limits | None = None, *, count: int | None = None) -> None:
        self._function = function
        self._limits = limits or Limits()
        self.count = count or max(1, min(_MAX_WORKERS, os.cpu_count() or 1))
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
        """The future of the result; it raises `WorkerDied`. Coroutines use `await asyncio.wrap_future(pool.submit(job))`."""
        try:
            return self._threads.submit(self._run, job)
        except RuntimeError:  # closed by another thread
            failed: Future[Any] = Future()
            failed.set_exception(WorkerDied(_STOPPED))
            return failed

    def each(self, items: Iterable[T], job_of: Callable[[T], object | None]) -> Iterator[tuple[T, Future[Any] | None]]:
        """Yields items in order with their finished futures; None for an item without a job. A few jobs run queue."""
        queue: deque[tuple[T, Future[Any] | None]] = deque()
        for item in items:
            job = job_of(item)
            queue.append((item, None if job is None else self.submit(job)))
            if len(queue) > _QUEUED_PER_WORKER * self.count:
                yield _finished(queue.popleft())
        while queue:
            yield _finished(queue.popleft())

    def close(self) -> None:
        """Kills the processes; unfinished jobs fail."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            for worker in self._all:
                worker.wait()
            self._all.clear()

    def _run(self, job: object) -> Any:
        worker = self._acquire()
        try:
            result = worker.run(job)
        except BaseException:
            with self._lock:
                self._all.discard(worker)
            worker.kill()
            worker.wait()
            raise
        with self._lock:
            self._idle.append(worker)
        return result

    def _acquire(self) -> _Worker:
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
    """One process, which runs one job at a time."""

    def __init__(self, function: str, limits: Limits) -> None:
        program = "import sys; from workers.worker_process import serve; serve(*sys.argv[1:])"
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ
        }
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and program)
            [sys.executable, "-c", program, function, str(limits.seconds), str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**environment, "PYTHONPATH": str(_ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C must not end workers, which are needed to finish the current batch
        )

    def run(self, job: object) -> Any:
        """The result of the job; raises `WorkerDied`."""
        message = msgspec.msgpack.encode(job)
        try:
            stdin, stdout = _pipe(self._process.stdin), _pipe(self._process.stdout)
            stdin.write(len(message).to_bytes(4, "big") + message)
            stdin.flush()
            length = int.from_bytes(_exactly(stdout, 4), "big")
            if length > _MAX_RESULT_BYTES:
                raise WorkerDied("has a result that is too large")
            status, result = msgspec.msgpack.decode(_exactly(stdout, length))
        except (OSError, EOFError, ValueError, TypeError):
            raise WorkerDied(self._reason()) from None
        if status != "done":
            raise WorkerDied(str(result))
        return result

    def _reason(self) -> str:
        """Why the process died."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            code = 0
        return _DEATHS.get(-code, "crashes its decoder")

    def kill(self) -> None:
        """Kills the process."""
        with suppress(OSError):
            self._process.kill()

    def wait(self) -> None:
        """Waits for the end of the process and closes its pipes."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                _pipe(pipe).close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data
