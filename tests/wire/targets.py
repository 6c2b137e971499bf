"""The servers that every suite here runs against. A further one is one function and one line in TARGETS."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.wire import toy

ROOT = Path(__file__).parent.parent.parent
START_S = 120


@dataclass(frozen=True)
class Asked:
    """An operation and the data it must bring; clients add `__typename`, so it must not ask for that."""

    text: str
    variables: dict[str, Any]
    data: dict[str, Any]


@dataclass(frozen=True)
class Gateway:
    """A running server, and what the suites have to know of it."""

    url: str  # without a path
    token: str  # of someone who may ask all that follows
    schema: str  # as clients see it, for Relay's compiler
    query: Asked  # named CaseQuery
    mutation: Asked  # named ChangeMutation
    references: list[dict[str, Any]]  # a hundred photos: `id` and the fields below, as `_entities` must answer them
    reference_fields: str
    tabs: list[str]  # titles of GraphiQL's examples; the first is run by everyone of the following
    identities: list[str]
    subscription: Asked | None = None  # two events, their data under `events`

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(command: list[str], url: str, environment: dict[str, str]) -> Iterator[None]:
    """The command's process, from its first answer at the address until the end of the block."""
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        _wait_for(url, server)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.05)  # there is nothing to wait on but the port itself
    pytest.fail("the server did not answer in time")


def toy_command(port: int) -> list[str]:
    server = [sys.executable, "-m", "uvicorn", "--factory", "tests.wire.toy:app", "--port", str(port)]
    return [*server, "--log-level", "warning", "--no-server-header", "--ws-max-size", "262144"]


@contextmanager
def the_toy(folder: Path, origins: str) -> Iterator[Gateway]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(toy_command(port), f"{url}/graphql", {"TOY_ORIGINS": origins}):
        yield Gateway(
            url=url,
            token="of-ana",
            schema=toy.SDL,
            query=Asked(
                "query CaseQuery($first: Int) { photos(first: $first) { id name } }",
                {"first": 1},
                {"photos": [{"id": "0", "name": "photo 0"}]},
            ),
            mutation=Asked(
                "mutation ChangeMutation($id: ID!, $name: String!) { rename(id: $id, name: $name) { id name } }",
                {"id": "0", "name": "new"},
                {"rename": {"id": "0", "name": "new"}},
            ),
            subscription=Asked("subscription { count(to: 2) }", {}, {"events": [{"count": 1}, {"count": 2}]}),
            references=[{"id": str(number), "name": f"photo {number}"} for number in range(100)],
            reference_fields="id name",
            tabs=["Photos", "Hello"],
            identities=["ana", "guest", "service"],
        )


# (an empty folder, the origins to allow, joined by commas) -> the running server
TARGETS: dict[str, Callable[[Path, str], AbstractContextManager[Gateway]]] = {"toy": the_toy}
