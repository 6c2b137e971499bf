"""Background processes that are identified by process id and start time after the command that started them has ended."""

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
"""The index of the start time in `/proc/N/stat`, counted after the name in parentheses."""


@dataclass(frozen=True)
class Server:
    """The command of a server and its health check."""

    name: str
    command: Sequence[str]
    health: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    """The user id to run as, if the server refuses to run as root."""
    timeout_s: float = 60


class Processes:
    """The processes of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def running(self, name: str) -> int | None:
        """The process id of a running server, or None."""
        try:
            number, started = self._pid_file(name).read_text().split()
        except (OSError, ValueError):
            return None
        return int(number) if _started(int(number)) == started else None

    def start(self, server: Server) -> str:
        """Start a server unless it runs and wait until it is ready; returns a status line."""
        number = self.running(server.name)
        if number is not None:
            self._wait(server, None)
            return f"{server.name}: already running (process {number})"
        began = time.monotonic()
        log = self._log(server.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - fixed commands
                server.command,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **server.environment}, cwd=log.parent, start_new_session=True,
                user=server.user, group=server.user, extra_groups=None if server.user is None else [],
            )  # fmt: skip
        self._children[server.name] = process
        self._pid_file(server.name).write_text(f"{process.pid} {_started(process.pid)}\n")
        self._wait(server, process)
        return f"{server.name}: ready after {time.monotonic() - began:.1f} s (process {process.pid})"

    def _wait(self, server: Server, process: subprocess.Popen[bytes] | None) -> None:
        until = time.monotonic() + server.timeout_s
        while not server.health():
            if process is not None and process.poll() is not None:
                raise ServersError(f"{server.name} exited during startup. Its log:\n{self._tail(server.name)}")
            if time.monotonic() > until:
                raise ServersError(
                    f"{server.name} is not ready after {server.timeout_s:.0f} s. Its log:\n{self._tail(server.name)}"
                )
            time.sleep(_POLL_S)

    def stop(self, name: str) -> str:
        """Stop a server if it runs, with SIGKILL after a timeout; returns a status line."""
        number = self.running(name)
        if number is not None:
            os.kill(number, signal.SIGTERM)
            if not self._has_stopped(name):
                os.kill(number, signal.SIGKILL)
                self._has_stopped(name)
        self._pid_file(name).unlink(missing_ok=True)
        if name in self._children:
            self._children.pop(name).wait()
        return f"{name}: {'was not running' if number is None else 'stopped'}"

    def _has_stopped(self, name: str) -> bool:
        until = time.monotonic() + _STOP_S
        while self.running(name) is not None:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    def _tail(self, name: str) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-_LOG_LINES:])

    def _pid_file(self, name: str) -> Path:
        return self._folder / f"{name}.process"

    def _log(self, name: str) -> Path:
        return self._folder / "logs" / f"{name}.log"


def _started(number: int) -> str | None:
    """The start time of a process in clock ticks; None if it does not exist or is a zombie."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[_START_TIME]


def answers(url: str, *, body: bytes | None = None, method: str | None = None, any_status: bool = False) -> bool:
    """Whether a local URL responds with success, or with any status."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, method=method, headers={"content-type": "application/json"})  # noqa: S310 - local URL
    try:
        with opener.open(request, timeout=5) as answer:
            answer.read()
    except urllib.error.HTTPError:
        return any_status
    except (OSError, ValueError):
        return False
    return True
