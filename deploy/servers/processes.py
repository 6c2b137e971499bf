"""Processes that outlive the command that started them, known again by number and start time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.servers.addresses import ServersError

_POLL_S = 0.1
_STOP_S = 30
_LOG_LINES = 15
_START_TIME = 19
"""Where `/proc/N/stat` tells it, counted after the name in parentheses."""


@dataclass(frozen=True)
class Server:
    """How one server is started and how one sees that it serves."""

    name: str
    command: Sequence[str]
    health: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    """Who runs it, where it refuses to be run by root."""
    patience_s: float = 60


class Processes:
    """The processes of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def running(self, name: str) -> int | None:
        """The process number of a server that runs."""
        try:
            number, started = self._note(name).read_text().split()
        except (OSError, ValueError):
            return None
        return int(number) if _started(int(number)) == started else None

    def start(self, server: Server) -> str:
        """Starts it unless it runs, and waits until it serves; says what was done."""
        number = self.running(server.name)
        if number is not None:
            self._wait(server, None)
            return f"{server.name}: runs already (process {number})"
        begun = time.monotonic()
        log = self._log(server.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - commands of ours
                server.command,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **server.environment}, cwd=log.parent, start_new_session=True,
user=server.user, group=server.user, extra_groups=None if server.user is None else [],
            )  # fmt: skip
        self._children[server.name] = process
        self._note(server.name).write_text(f"{process.pid} {_started(process.pid)}\n")
        self._wait(server, process)
        return f"{server.name}: serves after {time.monotonic() - begun:.1f} s (process {process.pid})"

    def _wait(self, server: Server, process: subprocess.Popen[bytes] | None) -> None:
        until = time.monotonic() + server.patience_s
        while not server.health():
            if process is not None and process.poll() is not None:
                raise ServersError(f"{server.name} ended at once. Its log:\n{self._tail(server.name)}")
            if time.monotonic() > until:
                raise ServersError(
                    f"{server.name} does not serve after {server.patience_s:.0f} s. Its log:\n{self._tail(server.name)}"
                )
            time.sleep(_POLL_S)

    def stop(self, name: str) -> str:
        """Stops it if it runs, by force if it must be."""
        number = self.running(name)
        if number is not None:
            os.kill(number, signal.SIGTERM)
            if not self._gone(name):
                os.kill(number, signal.SIGKILL)
                self._gone(name)
        self._note(name).unlink(missing_ok=True)
        if name in self._children:
            self._children.pop(name).wait()
        return f"{name}: {'did not run' if number is None else 'stopped'}"

    def _gone(self, name: str) -> bool:
        until = time.monotonic() + _STOP_S
        while self.running(name) is not None:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def _tail(self, name: str) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def _note(self, name: str) -> Path:
        return self._folder / f"{name}.process"

    def _log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"


def _started(number: int) -> str | None:
    """When a process started, in the kernel's ticks; None when there is none, or only what its parent has not read yet."""
    try:
        told = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if told[0] == "Z" else told[_START_TIME]


def answers(url: str, *, body: bytes | None = None, method: str | None = None, any_status: bool = False) -> bool:
    """Whether a URL of this machine answers with success, or at all."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, method=method, headers={"content-type": "application/json"})  # noqa: S310 - ours
    try:
        with opener.open(request, timeout=5) as answer:
            answer.read()
    except urllib.error.HTTPError:
        return any_status
    except (OSError, ValueError):
        return False
    return True
