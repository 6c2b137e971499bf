"""The route of result files."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from datasources.data_folder import prepare
from datasources.wiring import embedded
from resolvers.importing.record_reading import read_record
from resolvers.importing.writer import RecordWriter
from tests.server.makers import Served, served

EXPORT = "mutation { exportMyData(input: {}) { bulkOperation { id } userErrors { code } } }"
STATE = """query($id: ID!) { bulkOperation(id: $id) {
  id status progress rowCount errorCode completedAt manifestUrl files { path url expiresAt rowCount bytes sha256 } } }"""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "data") as made:
        yield made


async def exported(gateway: Served, name: str = "ana"):
    """The completed export of a customer with one photo."""
    who = gateway.customer(name)
    sent = await gateway.client.post(
        "/import", content=b'{"sourceId": "a", "caption": "one"}', headers=who | {"content-type": "application/jsonl"}
    )
    assert sent.status_code == 200
    job = (await gateway.ask(EXPORT, who))["exportMyData"]["bulkOperation"]["id"]
    async with asyncio.timeout(30):
        while (found := (await gateway.ask(STATE, who, id=job))["bulkOperation"])["status"] in {"QUEUED", "RUNNING"}:  # noqa: ASYNC110 - as a client polls
            await asyncio.sleep(0.02)
    assert found["status"] == "COMPLETED", found
    return found


def path_of(url: str) -> str:
    return url.removeprefix("http://127.0.0.1:8000")


async def test_every_file_matches_the_manifest(gateway) -> None:
    done = await exported(gateway)
    manifest = (await gateway.client.get(path_of(done["manifestUrl"]))).json()
    assert {f["sha256"] for f in manifest["files"]} == {f["sha256"] for f in done["files"]}
    for file in done["files"]:
        answer = await gateway.client.get(path_of(file["url"]))
        assert answer.status_code == 200
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        assert answer.headers["content-length"] == str(int(file["bytes"]))
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
    (photos,) = [f for f in done["files"] if f["path"] == "photos"]
    assert photos["rowCount"] == done["rowCount"] == 1
    (line,) = (await gateway.client.get(path_of(photos["url"]))).text.splitlines()
    assert json.loads(line)["caption"] == "one"


async def test_ranges_head_and_conditions_follow_rfc_9110(gateway) -> None:
    done = await exported(gateway)
    url = path_of(next(f["url"] for f in done["files"] if f["path"] == "README"))
    whole = await gateway.client.get(url)
    size = len(whole.content)

    async def requested(**headers: str):
        return await gateway.client.get(url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    for given, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, size),
        ("bytes=-7", size - 7, size),
        ("bytes=3-999999", 3, size),
    ):
        part = await requested(range=given)
        assert (part.status_code, part.content) == (206, whole.content[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    assert (await requested(range=f"bytes={size}-")).status_code == 416
    for ignored in ("bytes=0-1,3-4", "lines=1-2", "nonsense"):
        assert (await requested(range=ignored)).status_code == 200
    assert (await requested(range="bytes=0-9", if_range=whole.headers["etag"])).status_code == 206
    assert (await requested(range="bytes=0-9", if_range='"other"')).status_code == 200
    head = await gateway.client.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))


async def test_an_altered_or_transferred_url_is_refused(gateway) -> None:
    done = await exported(gateway)
    url = path_of(done["files"][-1]["url"])
    _, route, text, name = url.split("/")
    other = path_of(done["manifestUrl"]).split("/")[2]
    changed = text[:-3] + ("AAA" if text[-3:] != "AAA" else "BBB")
    for wrong in (
        f"/{route}/{changed}/{name}",
        f"/{route}/{other}/{name}",
        f"/{route}/{text}/manifest.json",
        f"/{route}/x/{name}",
    ):
        assert (await gateway.client.get(wrong)).status_code == 404
    assert (await gateway.client.get(url, headers=gateway.customer("ana"))).status_code == 200
    assert (await gateway.client.get(url, headers=gateway.customer("bob"))).status_code == 404
    assert (await gateway.client.get(url, headers={"authorization": "Bearer nonsense"})).status_code == 401


async def test_a_newer_export_replaces_the_previous_one(gateway) -> None:
    first, second = await exported(gateway), await exported(gateway)
    assert (await gateway.client.get(path_of(first["manifestUrl"]))).status_code == 404
    assert (await gateway.client.get(path_of(second["manifestUrl"]))).status_code == 200
    again = (await gateway.ask(STATE, gateway.customer("ana"), id=first["id"]))["bulkOperation"]
    assert (again["status"], again["files"], again["manifestUrl"]) == ("EXPIRED", None, None)


async def test_result_files_have_restricted_permissions(gateway, tmp_path) -> None:
    await exported(gateway)
    files = [p for p in (tmp_path / "data" / "results").rglob("*") if p.is_file()]
    assert files
    assert {p.stat().st_mode & 0o077 for p in files} == {0}


@pytest.mark.slow
async def test_an_export_continues_after_the_server_is_killed(tmp_path) -> None:
    from tests.server.killed import export_with_a_kill

    data = prepare(tmp_path / "data")
    sources = await embedded(data)
    owner = sources.ids.local_id("customer", "ana")
    await sources.customers.ensure(owner, "ana", now_ms=1)
    writer = RecordWriter(sources, owner)
    for start in range(0, 9_000, 1_000):
        await writer.write([read_record({"sourceId": f"s{i}", "caption": f"photo {i}"}) for i in range(start, start + 1_000)])
    await sources.close()
    before, after, lines = await asyncio.to_thread(export_with_a_kill, data)
    assert before["status"] == "RUNNING"
    assert 0 < before["rowCount"] < 9_000
    assert (after["status"], after["rowCount"]) == ("COMPLETED", 9_000)
    assert sorted(lines) == sorted(f"s{i}" for i in range(9_000))
