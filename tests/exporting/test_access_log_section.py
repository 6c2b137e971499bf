"""An export tells who else read the customer's data, as the access log does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from access.viewer import Viewer, ViewerKind
from datasources.tables.access_log import ReadingRecord
from tests.exporting.makers import exported
from tests.requests.harness import Gateway, opened

SCOPES = frozenset({"photos:read", "photos:time", "photos:content"})
LOG = "{ viewer { accessLog { nodes { principal kind purpose classes photoCount } } } }"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as made:
        yield made


async def test_an_export_tells_who_read_what(gateway: Gateway, tmp_path: Path) -> None:
    ana, _ = await gateway.customer("ana"), await gateway.customer("bob")
    await gateway.photos("ana", "one", caption="words")
    service = Viewer(ViewerKind.SERVICE, "reports", scopes=SCOPES, purpose="in print")
    query = "query($id: ID!) { customer(id: $id) { photos(first: 10) { nodes { caption } } } }"
    await gateway.answer(query, {"id": gateway.id("Customer", "ana", "ana")}, as_=service)
    now = gateway.sources.now_ms()
    others = [
        ReadingRecord(owner="ana", id="r1", at_ms=now + 1, kind="CUSTOMER", principal="bob", classes=("TIME",), photos=1),
        ReadingRecord(owner="ana", id="r2", at_ms=now + 2, kind="SUPPORT", principal="T1"),
        ReadingRecord(owner="bob", id="r3", at_ms=now, kind="SERVICE", principal="hidden from ana"),
    ]
    await gateway.sources.access_log.add(others)
    await exported(gateway, ana, tmp_path / "export")
    lines = [json.loads(line) for line in (tmp_path / "export" / "readings.jsonl").read_text().splitlines()]
    seen = (await gateway.answer(LOG, as_=ana))["viewer"]["accessLog"]["nodes"]
    assert [(x["principal"], x["kind"], x.get("purpose"), x["classes"], x["photoCount"]) for x in lines] == [
        (n["principal"], n["kind"], n["purpose"], n["classes"], n["photoCount"]) for n in seen
    ]
    assert [x["principal"] for x in lines] == ["Support, ticket T1", "A customer with whom an album was shared", "reports"]
