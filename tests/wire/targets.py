"""The servers that each suite of this folder runs against. Another server needs one function and one line in `TARGETS`."""

from __future__ import annotations

import json
import os
import re
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
from graphql import print_schema

from schema.build import build
from tests.wire import toy

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "execution" / "page" / "examples.json"
_APIA = '{ photos(filter: { fileName: "IMG_8101" }) { nodes { id } } }'
_APIA_DATA = {"fileName": "IMG_8101.HEIC", "takenAtLocal": "2024-08-06T18:20:00", "place": {"name": "Apia"}}
_ANA = {"displayName": "Ana Moretti", "plan": "family"}
START_S = 120


@dataclass(frozen=True)
class Case:
    """An operation and the expected data. It must not select `__typename`, which clients add."""

    text: str
    variables: dict[str, Any]
    data: dict[str, Any]


@dataclass(frozen=True)
class Gateway:
    """A running server and the properties that the suites need."""

    name: str
    url: str  # without a path
    token: str  # of a caller who may run all operations below
    schema: str  # without federation directives, for Relay's compiler
    query: Case  # named CaseQuery
    mutation: Case  # named ChangeMutation
    references: list[dict[str, Any]]  # a hundred photos: `id` and the fields below, as `_entities` must return them
    reference_fields: str
    cross_subgraph: Case  # through a router, with fields of the other subgraph: `Photo.stars` and, if present, `Customer.plan`
    tabs: list[str]  # titles of GraphiQL's examples; every identity runs the first
    identities: list[str]
    readers: int  # the first `readers` identities may run the first example
    guarded: bool = False  # whether queries without a token are rejected
    subscription: Case | None = None  # two events, their data under `events`

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(command: list[str], url: str, environment: dict[str, str]) -> Iterator[None]:
    """Runs the command and waits until it answers at the URL; ends it at the end of the block."""
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
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the server exited with code {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # the server is running
        except OSError:
            time.sleep(0.05)  # the port is the only signal
    pytest.fail("the server did not answer in time")


def toy_command(port: int) -> list[str]:
    server = [sys.executable, "-m", "uvicorn", "--factory", "tests.wire.toy:app", "--port", str(port)]
    return [*server, "--log-level", "warning", "--no-server-header", "--ws-max-size", "262144"]


@contextmanager
def toy_target(folder: Path, origins: str) -> Iterator[Gateway]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(toy_command(port), f"{url}/graphql", {"TOY_ORIGINS": origins}):
        yield Gateway(
            name="toy",
            url=url,
            token="of-ana",
            schema=toy.SDL,
            query=Case(
                "query CaseQuery($first: Int) { photos(first: $first) { id name } }",
                {"first": 1},
                {"photos": [{"id": "0", "name": "photo 0"}]},
            ),
            mutation=Case(
                "mutation ChangeMutation($id: ID!, $name: String!) { rename(id: $id, name: $name) { id name } }",
                {"id": "0", "name": "new"},
                {"rename": {"id": "0", "name": "new"}},
            ),
            subscription=Case("subscription { count(to: 2) }", {}, {"events": [{"count": 1}, {"count": 2}]}),
            references=[{"id": str(number), "name": f"photo {number}"} for number in range(100)],
            reference_fields="id name",
            cross_subgraph=Case(
                "{ photos(first: 2) { id stars } }", {}, {"photos": [{"id": "0", "stars": 1}, {"id": "1", "stars": 1}]}
            ),
            tabs=["Photos", "Hello"],
            identities=["ana", "guest", "service"],
            readers=3,
        )


@contextmanager
def demo_target(folder: Path, origins: str) -> Iterator[Gateway]:
    """The gateway with its demo library, started by its command."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("photos-gateway"))
    command = [program, "serve", "--demo", "--data", str(folder / "data"), "--port", str(port)]
    with serving(command, f"{url}/readyz", {"PHOTOS_ALLOWED_ORIGINS": origins}):
        with urllib.request.urlopen(f"{url}/demo/identities", timeout=10) as answer:
            identities = json.load(answer)
        token = identities[0]["token"]
        references = data_of(url, token, "{ photos(first: 100) { nodes { id takenOn place { name } } } }")["photos"]["nodes"]
        photo = data_of(url, token, _APIA)["photos"]["nodes"][0]
        yield Gateway(
            name="demo",
            url=url,
            token=token,
            schema=clients_schema(),
            query=Case(
                "query CaseQuery($file: String) { photos(filter: { fileName: $file }) { nodes { fileName takenAtLocal place { name } } } }",
                {"file": "IMG_8101"},
                {"photos": {"nodes": [_APIA_DATA]}},
            ),
            mutation=Case(
                "mutation ChangeMutation($input: UpdatePhotosInput!) { updatePhotos(input: $input) { photos { id rating } } }",
                {"input": {"ids": [photo["id"]], "set": {"rating": 4}}},
                {"updatePhotos": {"photos": [{"id": photo["id"], "rating": 4}]}},
            ),
            references=references,
            reference_fields="id takenOn place { name }",
            cross_subgraph=Case(
                '{ photos(filter: { fileName: "IMG_8101" }) { nodes { fileName stars owner { displayName plan } } } }',
                {},
                {"photos": {"nodes": [{"fileName": "IMG_8101.HEIC", "stars": 1, "owner": _ANA}]}},
            ),
            tabs=[tab(one["name"], one["query"]) for one in json.loads(EXAMPLES.read_text("utf-8"))],
            identities=["Ana Moretti", "Kenji Sato", "Guest", "Service"],
            readers=2,  # the guest sees a shared album only, the service has no library
            guarded=True,
        )


def data_of(url: str, token: str, query: str) -> Any:
    """Sends a query with the token and returns the data of the response."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{url}/graphql", json.dumps({"query": query}).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["data"]


def clients_schema() -> str:
    """The served schema as introspection shows it: without directives; of federation only `_entities` and `_service`."""
    return print_schema(build().graphql_schema)


def tab(name: str, query: str) -> str:
    """The title that GraphiQL gives a tab: the name of its first operation."""
    named = re.search(r"(?:query|mutation)\s+(\w+)", query)
    assert named, f"the example {name} has no name"
    return named[1]


# Each function takes an empty folder and the allowed origins, joined by commas.
TARGETS: dict[str, Callable[[Path, str], AbstractContextManager[Gateway]]] = {"demo": demo_target, "toy": toy_target}
