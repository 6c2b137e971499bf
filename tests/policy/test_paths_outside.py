"""Paths other than `/graphql`, found in the server's routes, so that a new route is tested without being listed here.

Every URL of the owner is requested by every other caller; every path without an id is requested by all callers.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from starlette.routing import Route

from identity.issuer import LocalIssuer
from tests.media.gateway import RunningGateway, imported, jpeg, picture, running_gateway
from tests.policy.test_canaries import CAPTION, LATITUDE, NAMES, POINTS, WORDS, held

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXPORT = "mutation { exportMyData(input: {}) { bulkOperation { id } userErrors { code } } }"
JOB = "query($i: ID!) { bulkOperation(id: $i) { status manifestUrl files { path url } } }"
NOT_WALKED = frozenset({"/graphql"})
LINES = {"content-type": "application/jsonl"}


@dataclass
class ServedPaths:
    """The server, every URL of ana, and the headers of the other callers."""

    home: RunningGateway
    addresses: list[str]
    strangers: dict[str, dict[str, str]]

    def routes(self) -> list[Route]:
        routes = self.home.app.router.routes
        return [r for r in routes if isinstance(r, Route) and r.path not in NOT_WALKED]

    def of(self, route: Route) -> list[str]:
        return [a for a in self.addresses if route.path_regex.match(a)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served_paths(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedPaths]:
    tmp_path = tmp_path_factory.mktemp("paths")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "canaryfile-8812.jpg").write_bytes(jpeg(picture(1)))
    await imported(tmp_path / "data", tmp_path / "pictures")
    async with running_gateway(tmp_path / "data") as home:
        ana = home.token("ana")
        record = {"sourceId": "s", "caption": CAPTION, "latitude": LATITUDE, "longitude": 12.4673219}
        sent = {"authorization": f"Bearer {ana}"} | LINES
        assert (await home.client.post("/import", content=json.dumps(record), headers=sent)).json()["added"] == 1
        photos = await home.photos("caption image { url } original { url }", token=ana)
        (with_file,) = [p for p in photos if p["image"]]
        done = await exported(home, ana)
        found = [with_file["image"]["url"], with_file["original"]["url"], done["manifestUrl"], *(f["url"] for f in done["files"])]
        issuer = LocalIssuer.development(home.settings.data, home.settings.audience, lambda: home.now[0])
        tokens = {
            "another customer": home.token("bob"),
            "a service without pictures": issuer.service("s", ("photos:read", "photos:time"), "tests"),
            "a forged token": f"{ana[:-4]}AAAA",
        }
        strangers = {name: {"authorization": f"Bearer {token}"} for name, token in tokens.items()}
        yield ServedPaths(home, [urlsplit(u).path for u in found], strangers)


async def exported(home: RunningGateway, token: str) -> dict[str, Any]:
    job = (await home.ask(EXPORT, token=token))["exportMyData"]["bulkOperation"]["id"]
    async with asyncio.timeout(30):
        while (found := (await home.ask(JOB, {"i": job}, token=token))["bulkOperation"])["status"] in {"QUEUED", "RUNNING"}:  # noqa: ASYNC110 - as a client polls
            await asyncio.sleep(0.02)
    assert found["status"] == "COMPLETED"
    return dict(found)


def tells(answer: httpx.Response) -> list[bytes]:
    return [f for f in POINTS | NAMES | WORDS if f in answer.content]


async def test_every_address_is_the_owners_alone(served_paths: ServedPaths) -> None:
    for route in (r for r in served_paths.routes() if r.param_convertors):
        assert served_paths.of(route), f"ana has no URL of {route.path}: create one, or the route is not tested"
        for address in served_paths.of(route):
            assert (await served_paths.home.client.get(address)).status_code == 200
            for who, headers in served_paths.strangers.items():
                refused = await served_paths.home.client.get(address, headers=headers)
                assert (refused.status_code >= 400, tells(refused)) == (True, []), (route.path, who)
            secret = next(iter(route.path_regex.match(address).groupdict().values()))  # type: ignore[union-attr]
            altered = address.replace(secret, secret[:-6] + "AAAAAA")
            assert (await served_paths.home.client.get(altered)).status_code >= 400, route.path


async def test_what_needs_no_address_tells_nothing_of_ana(served_paths: ServedPaths) -> None:
    count = 0
    for route in (r for r in served_paths.routes() if not r.param_convertors):
        for method in (route.methods or set()) - {"HEAD"}:
            for headers in ({}, *served_paths.strangers.values()):
                answer = await served_paths.home.client.request(method, route.path, content=b"{}", headers=headers | LINES)
                assert (answer.status_code < 500, tells(answer)) == (True, []), route.path
                count += 1
    assert count >= 20


async def test_pictures_results_and_streams_are_not_logged(served_paths: ServedPaths, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="photos"):
        for address in served_paths.addresses:
            await served_paths.home.client.get(address)
            await served_paths.home.client.get(address, headers=served_paths.strangers["another customer"])
        bad = {"authorization": f"Bearer {served_paths.home.token('ana')}"} | LINES
        await served_paths.home.client.post("/import", content=f'{{"sourceId": "x", "latitude": "{CAPTION}"}}', headers=bad)
    logged = "".join(repr(vars(r)) for r in caplog.records if r.name.startswith("photos"))
    secrets = {part for a in served_paths.addresses for part in a.split("/") if len(part) > 40}
    assert logged
    assert [s for s in secrets if s in logged] == []
    assert [f for f in POINTS | NAMES | WORDS if f in logged.encode()] == []
    # Originals, renditions, records of jobs, the audit and its checkpoints: everything that is kept.
    data = served_paths.home.settings.data
    kept = {p.relative_to(data).parts[0].partition(".")[0] for p in data.rglob("*") if p.is_file()}
    assert kept >= {"audit", "index", "media", "results"}
    # SECURITY.md says it: an export lies unsealed for seven days, for the server's own user alone; words stand in the index.
    assert {h.split("/")[0] for h in held(data, POINTS | NAMES)} <= {"results"}
    assert {h.split("/")[0] for h in held(data, WORDS)} <= {"results", "index"}
    files = [p for p in (data / "results").rglob("*") if p.is_file()]
    assert files
    assert {p.stat().st_mode & 0o077 for p in files} == {0}
