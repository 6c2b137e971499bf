"""The demo from the real servers: the README's query and the page's examples answer as they do on the embedded engines."""

from __future__ import annotations

import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from access.viewer import GuestLink, Viewer, ViewerKind
from commands.progress import PlainProgress
from datasources import Sources
from datasources.tables.keys import KeyRing
from demo.library import demo_library
from demo.load import load_demo
from execution.errors import RequestError
from indexing.index_lag import IndexLag
from indexing.open_stores import open_exclusive
from resolvers.context import Context
from tests.requests.harness import served
from tests.stack.stacks import made, stack_of

pytestmark = pytest.mark.servers
ROOT = Path(__file__).parents[2]
OWN = re.compile(r"id|cursor|\w+Cursor|url|\w+Url|\w+Token|\w+Hash")
"""What an installation's own secrets make."""


def sent() -> list[dict[str, Any]]:
    (readme,) = re.findall(r"^(\{\"query\".*\})$", (ROOT / "README.md").read_text(), re.MULTILINE)
    examples = json.loads((ROOT / "execution" / "page" / "examples.json").read_text())
    named = [(e, re.search(r"^query (\w+)", e["query"], re.MULTILINE)) for e in examples]
    return [json.loads(readme), *({**e, "operation": found[1]} for e, found in named if found)]


async def reported(sources: Sources, folder: Path) -> list[Any]:
    """Every answer, as the household, and as the guest of the demo's link."""
    demo = await load_demo(sources, folder, PlainProgress(io.StringIO()), demo_library(photos=600))
    await sources.index.refresh()
    ana = Viewer(ViewerKind.CUSTOMER, "ana", customer=sources.ids.local_id("customer", "ana"))
    guest = Viewer(ViewerKind.GUEST, "guest", guest_of=GuestLink(demo.guest.owner, demo.guest.album, demo.guest.grantee))
    _, documents, runner = served()
    answers = []
    for viewer in (ana, guest):
        for request in sent():
            context = Context(sources, IndexLag(), viewer, ("fr", "en"), public_url="http://gateway.test")
            try:
                prepared = documents.prepare(request["query"], request.get("operation"))
                answers.append(await runner.execute(prepared, request.get("variables") or {}, context))
            except RequestError as e:
                answers.append({"refused": e.code})
            finally:
                await context.aclose()
    return [bare(answer) for answer in answers]


async def same_secret(_: KeyRing, name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def bare(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {k: bare(v) for k, v in answer.items() if not OWN.fullmatch(k)}
    return [bare(a) for a in answer] if isinstance(answer, list) else answer


async def test_the_readmes_query_and_every_example_answer_the_same_on_both_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ids come of an installation's secret, and ties go by id.
    monkeypatch.setattr(KeyRing, "installation_secret", same_secret)
    async with open_exclusive(tmp_path / "embedded", "a test") as sources:
        expected = await reported(sources, tmp_path / "embedded")
    async with made(stack_of()) as stack, open_exclusive(tmp_path / "real", "a test", stack) as sources:
        found = await reported(sources, tmp_path / "real")
    assert len(found) == len(expected) >= 4
    for one, other in zip(found, expected, strict=True):
        assert one == other
    assert expected[0]["data"]["photos"]["total"]["count"] > 0
