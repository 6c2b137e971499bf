from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.conftest import ROOT, Gateway, Node, free_port, serving

pytestmark = [pytest.mark.node, pytest.mark.browser]


@pytest.fixture(scope="session")
def empty_pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two other origins: the first stands on the toy's list, the second does not."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "empty.html").write_text("<!doctype html>")
    first, second = free_port(), free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder)]
    urls = (f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}")
    with serving([*command, str(first)], urls[0], {}), serving([*command, str(second)], urls[1], {}):
        yield urls


def test_graphiql_works_in_a_browser_under_the_strict_policy(toy: Gateway, node: Node, chromium: str) -> None:
    picture = ROOT / ".cache" / "graphiql.png"
    told = json.loads(node("browser.mjs", toy.url, chromium, str(picture)).splitlines()[-1])
    assert "script-src 'self';" in told["policy"]
    assert (told["violations"], told["errors"], told["foreign"]) == ([], [], [])
    assert told["tabs"] == ["Photos", "Hello"]
    assert told["identities"] == ["ana", "guest", "service"]
    photos = [{"id": "0", "name": "photo 0"}, {"id": "1", "name": "photo 1"}]
    assert [one["data"] for one in told["answers"]] == [{"photos": photos}] * 2  # two: the example's variables went along
    senders = {one["authorization"] for one in told["sent"]}
    assert senders == {"Bearer of-ana", "Bearer of-service"}
    assert Path(picture).stat().st_size > 20_000


def test_other_origins_may_ask_only_from_the_list(empty_pages: tuple[str, str], node: Node, chromium: str) -> None:
    listed, stranger = empty_pages
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", "tests.wire.toy:app", "--port", str(port)]
    url = f"http://127.0.0.1:{port}/graphql"
    with serving([*command, "--log-level", "warning"], url, {"TOY_ORIGINS": listed}):
        told = json.loads(node("cors.mjs", url, chromium, listed, stranger).splitlines()[-1])
    assert told == {listed: {"json": 200, "simple": 415}, stranger: {"json": "blocked", "simple": "blocked"}}
