"""The demo library behind the whole gateway, in this process, loaded once for a run of tests. Reads only."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from access.viewer import GuestLink, Viewer, ViewerKind
from commands.progress import PlainProgress
from datasources import Sources
from demo.library import demo_library
from demo.load import Demo, load_demo, with_demo
from indexing.index_lag import IndexLag
from indexing.open_stores import open_exclusive
from resolvers.context import Context
from tests.requests.harness import served

COUNTED = ("photos", "albums", "people", "customers", "grants", "index", "locations", "translations", "pictures")


class Counted:
    """Stands before a source and counts its calls by name; what is no call passes."""

    def __init__(self, name: str, source: Any, calls: Counter[str]) -> None:
        self._name, self._source, self._calls = name, source, calls

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._source, method)
        if not callable(found):
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._calls[f"{self._name}.{method}"] += 1
            return found(*args, **kwargs)

        return counted


class DemoGateway:
    """Answers documents as the server would, for any caller of the demo; `calls` counts what the last answer cost."""

    def __init__(self, runner: asyncio.Runner, sources: Sources, demo: Demo) -> None:
        self._runner = runner
        self.demo = demo
        self.calls: Counter[str] = Counter()
        counted: dict[str, Any] = {n: Counted(n, getattr(sources, n), self.calls) for n in COUNTED}
        self.sources = replace(sources, **counted)
        assert {f.name for f in fields(Sources)} >= set(COUNTED)

    def viewer(self, customer: str | None = None, *, service: bool = False) -> Viewer:
        if service:
            return Viewer(ViewerKind.SERVICE, "reports", scopes=frozenset({"photos:read"}), purpose="tests")
        if customer is not None:
            return Viewer(ViewerKind.CUSTOMER, customer, customer=self.sources.ids.local_id("customer", customer))
        guest = self.demo.guest
        return Viewer(ViewerKind.GUEST, "guest", guest_of=GuestLink(guest.owner, guest.album, guest.grantee))

    def post(
        self, sent: Mapping[str, Any], *, customer: str | None = None, service: bool = False, languages: str = "en"
    ) -> dict[str, Any]:
        """The answer to a request's body; a customer by external id, else a service, else the guest of the link.

        Without `languages` it is in those of the customer's settings, as the wire does it.
        """
        self.calls.clear()
        return self._runner.run(self._answer(sent, self.viewer(customer, service=service), tuple(languages.split(","))))

    def ask(self, query: str, variables: Mapping[str, Any] | None = None, *, customer: str = "ana", languages: str = "en") -> Any:
        """The data of an answer without errors."""
        answer = self.post({"query": query, "variables": variables or {}}, customer=customer, languages=languages)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _answer(self, sent: Mapping[str, Any], viewer: Viewer, languages: tuple[str, ...]) -> dict[str, Any]:
        _, documents, runner = served()
        context = Context(self.sources, IndexLag(), viewer, languages, public_url="http://gateway.test")
        try:
            if not any(languages):
                await context.prefer_customer_languages()
            prepared = documents.prepare(sent["query"], sent.get("operationName"))
            return await runner.execute(prepared, sent.get("variables") or {}, context)
        finally:
            await context.aclose()


@contextmanager
def demo_in(folder: Path) -> Iterator[DemoGateway]:
    """The demo library in a folder, held open on a loop of its own."""
    with asyncio.Runner() as runner:
        held = open_exclusive(folder, "tests")
        sources = runner.run(held.__aenter__())
        try:
            demo = runner.run(load_demo(sources, folder, PlainProgress(io.StringIO()), demo_library()))
            yield DemoGateway(runner, runner.run(with_demo(sources, folder)), demo)
        finally:
            runner.run(held.__aexit__(None, None, None))
