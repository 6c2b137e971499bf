"""The route `/media`."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any

import httpx
import pytest
from PIL import Image

from access.viewer import GuestLink
from tests.media.gateway import RunningGateway, first, jpeg, picture

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("encoding", ["JPEG", "WEBP", "AVIF"])
async def test_a_rendition_has_the_size_and_type_of_the_answer(gateway: RunningGateway, encoding: str) -> None:
    for wish in ("width: 320", "width: 100, height: 100, fit: COVER", "width: 5000", ""):
        requested = f"image({wish + ', ' if wish else ''}format: {encoding}) {{ url width height contentType }}"
        reported = (await first(gateway, fields=requested))["image"]
        answer = await gateway.get(reported["url"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == reported["contentType"]
        shown = Image.open(io.BytesIO(answer.content))
        assert (shown.format, *shown.size) == (encoding, reported["width"], reported["height"])
        assert shown.width <= 800


async def test_a_url_is_the_same_for_15_minutes_and_expires_after_30(gateway: RunningGateway) -> None:
    one = (await first(gateway))["image"]
    gateway.now[0] = gateway.now[0] // 900 * 900 + 899
    same = (await first(gateway))["image"]
    assert same["url"] == one["url"]
    gateway.now[0] += 2
    other = (await first(gateway))["image"]
    assert other["url"] != one["url"]
    assert (await gateway.get(one["url"])).status_code == 200
    gateway.now[0] += 898
    assert (await gateway.get(one["url"])).status_code == 200
    gateway.now[0] += 1
    assert (await gateway.get(one["url"])).status_code == 403
    assert (await gateway.get(other["url"])).status_code == 200


async def test_an_altered_or_invented_url_is_refused(gateway: RunningGateway) -> None:
    photo = await first(gateway)
    url = photo["image"]["url"]
    head, text = url.rsplit("/", 1)
    for at in (0, 1, 20, len(text) - 1):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert (await gateway.get(f"{head}/{changed}")).status_code == 403
    for made_up in ("x", "A" * 200, text[:-4], text + "AAAA", "%00", "..%2f..%2fetc%2fpasswd"):
        assert (await gateway.get(f"{head}/{made_up}")).status_code in {403, 404}
    assert (await gateway.get(f"{url}/more")).status_code == 404


async def test_cache_headers(gateway: RunningGateway) -> None:
    photo = await first(gateway)
    answer = await gateway.get(photo["image"]["url"])
    left = int(gateway.now[0] // 900 + 2) * 900 - int(gateway.now[0])
    assert answer.headers["cache-control"] == f"private, max-age={left}, immutable"
    again = await gateway.get(photo["image"]["url"], if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert (await gateway.get(photo["image"]["url"], if_none_match='"other"')).status_code == 200
    head = await gateway.client.head(photo["image"]["url"].removeprefix("http://127.0.0.1:8000"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    refused = await gateway.get(photo["image"]["url"][:-1])
    assert refused.headers["cache-control"] == "no-store"


async def test_an_original_is_the_file_in_any_byte_range(gateway: RunningGateway) -> None:
    url = (await first(gateway))["original"]["url"]
    whole = await gateway.get(url)
    files = {jpeg(picture(n)) for n in range(9)}
    assert whole.content in files
    size, data, etag = len(whole.content), whole.content, whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    for requested, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=9-{size * 9}", 9, size),
    ):
        part = await gateway.get(url, range=requested)
        assert (part.status_code, part.content) == (206, data[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    for requested in (f"bytes={size}-", "bytes=-0"):
        missed = await gateway.get(url, range=requested)
        assert (missed.status_code, missed.headers["content-range"]) == (416, f"bytes */{size}")
    for requested in ("bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"):
        assert (await gateway.get(url, range=requested)).status_code == 200
    assert (await gateway.get(url, range="bytes=0-9", if_range=etag)).status_code == 206
    assert (await gateway.get(url, range="bytes=0-9", if_range='"older"')).status_code == 200


async def test_a_url_with_the_token_of_another_viewer_is_refused(gateway: RunningGateway) -> None:
    url = (await first(gateway))["image"]["url"]
    statuses = [
        (await gateway.get(url, authorization=f"Bearer {token}")).status_code
        for token in (gateway.token("ana"), gateway.token("bob"), gateway.guest(GuestLink("x", "y", "z")), "nonsense")
    ]
    assert statuses == [200, 403, 403, 403]


async def test_only_allowed_origins_may_embed_pictures(gateway: RunningGateway) -> None:
    url = (await first(gateway))["image"]["url"]

    async def status(**headers: str) -> int:
        return (await gateway.get(url, sec_fetch_dest="image", **headers)).status_code

    assert await status(sec_fetch_site="same-origin", referer="http://127.0.0.1:8000/graphql") == 200
    assert await status(sec_fetch_site="cross-site", referer="https://photos.example/") == 200
    assert await status(sec_fetch_site="cross-site", referer="https://stranger.example/page") == 403
    assert await status(origin="https://stranger.example") == 403
    assert await status(sec_fetch_site="none") == 200


async def test_logs_contain_no_url(gateway: RunningGateway, caplog: pytest.LogCaptureFixture) -> None:
    url = (await first(gateway))["image"]["url"]
    with caplog.at_level(logging.DEBUG, logger="photos"):
        await gateway.get(url)
        await gateway.get(url[:-3])
    text = " ".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records if r.name.startswith("photos"))
    assert "/media" in text
    assert url.rsplit("/", 1)[1][:40] not in text


async def test_concurrent_requests_share_one_rendition_job(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.pool import WorkerPool

    jobs: list[object] = []
    real = WorkerPool.submit

    def counted(self: WorkerPool, job: object) -> Any:
        jobs.append(job)
        return real(self, job)

    monkeypatch.setattr(WorkerPool, "submit", counted)
    url = (await first(gateway, fields="image(width: 200, height: 90, fit: COVER, format: AVIF) { url }"))["image"]["url"]
    answers = await asyncio.gather(*(gateway.get(url) for _ in range(12)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == len(jobs) == 1


async def test_head_and_get_only(gateway: RunningGateway) -> None:
    path = httpx.URL((await first(gateway))["image"]["url"]).path
    assert (await gateway.client.post(path)).status_code == 405
