"""What `/media` serves, to whom, and for how long."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any

import httpx
import pytest
from PIL import Image

from access.viewer import GuestOf
from tests.media.gateway import House, first, jpeg, picture

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("encoding", ["JPEG", "WEBP", "AVIF"])
async def test_a_rendition_is_as_large_and_of_the_type_that_was_told(home: House, encoding: str) -> None:
    for wish in ("width: 320", "width: 100, height: 100, fit: COVER", "width: 5000", ""):
        asked = f"image({wish + ', ' if wish else ''}format: {encoding}) {{ url width height contentType }}"
        told = (await first(home, fields=asked))["image"]
        answer = await home.get(told["url"])
        assert answer.status_code == 200
        assert answer.headers["content-type"] == told["contentType"]
        shown = Image.open(io.BytesIO(answer.content))
        assert (shown.format, *shown.size) == (encoding, told["width"], told["height"])
        assert shown.width <= 800


async def test_the_address_is_the_same_within_a_quarter_hour_and_ends_with_the_next(home: House) -> None:
    one = (await first(home))["image"]
    home.now[0] = home.now[0] // 900 * 900 + 899
    same = (await first(home))["image"]
    assert same["url"] == one["url"]
    home.now[0] += 2
    other = (await first(home))["image"]
    assert other["url"] != one["url"]
    assert (await home.get(one["url"])).status_code == 200
    home.now[0] += 898
    assert (await home.get(one["url"])).status_code == 200
    home.now[0] += 1
    assert (await home.get(one["url"])).status_code == 403
    assert (await home.get(other["url"])).status_code == 200


async def test_an_altered_or_made_up_address_is_refused(home: House) -> None:
    photo = await first(home)
    url = photo["image"]["url"]
    head, text = url.rsplit("/", 1)
    for at in (0, 1, 20, len(text) - 1):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert (await home.get(f"{head}/{changed}")).status_code == 403
    for made_up in ("x", "A" * 200, text[:-4], text + "AAAA", "%00", "..%2f..%2fetc%2fpasswd"):
        assert (await home.get(f"{head}/{made_up}")).status_code in {403, 404}
    assert (await home.get(f"{url}/more")).status_code == 404


async def test_caches_are_told_what_they_may_do(home: House) -> None:
    photo = await first(home)
    answer = await home.get(photo["image"]["url"])
    left = int(home.now[0] // 900 + 2) * 900 - int(home.now[0])
    assert answer.headers["cache-control"] == f"private, max-age={left}, immutable"
    again = await home.get(photo["image"]["url"], if_none_match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    assert (await home.get(photo["image"]["url"], if_none_match='"other"')).status_code == 200
    head = await home.client.head(photo["image"]["url"].removeprefix("http://127.0.0.1:8000"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    refused = await home.get(photo["image"]["url"][:-1])
    assert refused.headers["cache-control"] == "no-store"


async def test_an_original_is_the_file_itself_in_any_part(home: House) -> None:
    url = (await first(home))["original"]["url"]
    whole = await home.get(url)
    files = {jpeg(picture(n)) for n in range(9)}
    assert whole.content in files
    size, data, etag = len(whole.content), whole.content, whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=5-", 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=9-{size * 9}", 9, size),
    ):
        part = await home.get(url, range=asked)
        assert (part.status_code, part.content) == (206, data[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    for asked in (f"bytes={size}-", "bytes=-0"):
        missed = await home.get(url, range=asked)
        assert (missed.status_code, missed.headers["content-range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b"):
        assert (await home.get(url, range=asked)).status_code == 200
    assert (await home.get(url, range="bytes=0-9", if_range=etag)).status_code == 206
    assert (await home.get(url, range="bytes=0-9", if_range='"older"')).status_code == 200


async def test_an_address_sent_with_anothers_token_is_refused(home: House) -> None:
    url = (await first(home))["image"]["url"]
    statuses = [
        (await home.get(url, authorization=f"Bearer {token}")).status_code
        for token in (home.token("ana"), home.token("bob"), home.guest(GuestOf("x", "y", "z")), "nonsense")
    ]
    assert statuses == [200, 403, 403, 403]


async def test_only_our_pages_and_those_on_the_list_may_embed_it(home: House) -> None:
    url = (await first(home))["image"]["url"]

    async def status(**headers: str) -> int:
        return (await home.get(url, sec_fetch_dest="image", **headers)).status_code

    assert await status(sec_fetch_site="same-origin", referer="http://127.0.0.1:8000/graphql") == 200
    assert await status(sec_fetch_site="cross-site", referer="https://photos.example/") == 200
    assert await status(sec_fetch_site="cross-site", referer="https://stranger.example/page") == 403
    assert await status(origin="https://stranger.example") == 403
    assert await status(sec_fetch_site="none") == 200


async def test_logs_hold_no_address(home: House, caplog: pytest.LogCaptureFixture) -> None:
    url = (await first(home))["image"]["url"]
    with caplog.at_level(logging.DEBUG, logger="photos"):
        await home.get(url)
        await home.get(url[:-3])
    text = " ".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records if r.name.startswith("photos"))
    assert "/media" in text
    assert url.rsplit("/", 1)[1][:40] not in text


async def test_who_wants_the_same_at_once_waits_for_one_making(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.pool import WorkerPool

    jobs: list[object] = []
    real = WorkerPool.submit

    def counted(self: WorkerPool, job: object) -> Any:
        jobs.append(job)
        return real(self, job)

    monkeypatch.setattr(WorkerPool, "submit", counted)
    url = (await first(home, fields="image(width: 200, height: 90, fit: COVER, format: AVIF) { url }"))["image"]["url"]
    answers = await asyncio.gather(*(home.get(url) for _ in range(12)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == len(jobs) == 1


async def test_head_and_get_only(home: House) -> None:
    path = httpx.URL((await first(home))["image"]["url"]).path
    assert (await home.client.post(path)).status_code == 405
