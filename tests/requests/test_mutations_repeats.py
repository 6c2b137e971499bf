"""Idempotency keys: a repeated mutation changes nothing and returns the first outcome."""

from __future__ import annotations

import asyncio

import pytest

from access.viewer import Viewer
from datasources.errors import Unavailable
from datasources.tables.store import Key
from tests.requests.harness import Gateway, opened

CREATE = "mutation($i: CreateAlbumInput!) { createAlbum(input: $i) { album { id } userErrors { code field } clientMutationId } }"
SHIFT = "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { photos { id } userErrors { code } clientMutationId } }"


@pytest.fixture
async def ana(gateway: Gateway) -> Viewer:
    return await gateway.customer("ana")


def code(answer) -> tuple[str, str | None]:
    extensions = answer["errors"][0]["extensions"]
    return extensions["code"], extensions.get("reason")


async def test_a_repeat_changes_nothing_and_returns_the_first_outcome(gateway, ana) -> None:
    given = {"i": {"title": "Trip", "clientMutationId": "one"}}
    first = await gateway.answer(CREATE, given, as_=ana)
    assert first["createAlbum"]["clientMutationId"] == "one"
    assert await gateway.answer(CREATE, given, as_=ana) == first
    photo = await gateway.photo("ana", "a", taken_local="2024-01-01T00:00:00")
    shift = {"i": {"ids": [photo, "x"], "set": {"shiftTakenAtSeconds": 60}, "clientMutationId": "two"}}
    assert await gateway.answer(SHIFT, shift, as_=ana) == await gateway.answer(SHIFT, shift, as_=ana)
    assert (await gateway.record(photo)).taken_local == "2024-01-01T00:01:00"


async def test_a_reused_key_with_another_input_or_an_invalid_length_is_rejected(gateway, ana) -> None:
    await gateway.answer(CREATE, {"i": {"title": "Trip", "clientMutationId": "one"}}, as_=ana)
    other = await gateway.execute(CREATE, {"i": {"title": "Tour", "clientMutationId": "one"}}, as_=ana)
    assert code(other) == ("BAD_USER_INPUT", "REPEAT_DIFFERS")
    for bad in ("", "x" * 201, "a\nb"):
        assert code(await gateway.execute(CREATE, {"i": {"title": "T", "clientMutationId": bad}}, as_=ana))[0] == "BAD_USER_INPUT"


async def test_keys_of_different_callers_are_independent(gateway, ana) -> None:
    bob = await gateway.customer("bob")
    given = {"i": {"title": "Trip", "clientMutationId": "one"}}
    first, second = [(await gateway.answer(CREATE, given, as_=v))["createAlbum"]["album"]["id"] for v in (ana, bob)]
    assert first != second


async def test_concurrent_repeats_create_one_album(gateway, ana) -> None:
    given = {"i": {"title": "Trip", "clientMutationId": "one"}}
    answers = await asyncio.gather(*(gateway.answer(CREATE, given, as_=ana) for _ in range(5)))
    made = {a["createAlbum"]["album"]["id"] for a in answers if a["createAlbum"]["album"]}
    codes = {e["code"] for a in answers for e in a["createAlbum"]["userErrors"]}
    assert len(made) == 1
    assert codes <= {"CONFLICT"}
    assert len((await gateway.answer("{ albums { nodes { id } } }", as_=ana))["albums"]["nodes"]) == 1


async def test_a_failed_try_is_resumed_by_a_repeat(gateway, ana, monkeypatch) -> None:
    photo = await gateway.photo("ana", "a")
    given = {"i": {"title": "Trip", "photoIds": [photo], "clientMutationId": "one"}}
    save = gateway.sources.photos.save

    async def dead(*_, **__):
        raise Unavailable("tables", "down")

    monkeypatch.setattr(gateway.sources.photos, "save", dead)
    assert code(await gateway.execute(CREATE, given, as_=ana))[0] == "UNAVAILABLE"
    monkeypatch.setattr(gateway.sources.photos, "save", save)
    album = (await gateway.answer(CREATE, given, as_=ana))["createAlbum"]["album"]["id"]
    listed = await gateway.answer("{ albums { nodes { id photoCount } } }", as_=ana)
    assert listed["albums"]["nodes"] == [{"id": album, "photoCount": 1}]


async def test_a_mutation_completes_after_the_client_disconnects(gateway, ana, monkeypatch) -> None:
    photo = await gateway.photo("ana", "a", taken_local="2024-01-01T00:00:00")
    given = {"i": {"ids": [photo], "set": {"shiftTakenAtSeconds": 60}, "clientMutationId": "one"}}
    begun, go_on, save = asyncio.Event(), asyncio.Event(), gateway.sources.photos.save

    async def slow(*args, **kwargs):
        begun.set()
        await go_on.wait()
        return await save(*args, **kwargs)

    monkeypatch.setattr(gateway.sources.photos, "save", slow)
    request = asyncio.create_task(gateway.execute(SHIFT, given, as_=ana))
    await begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    go_on.set()
    await gateway.settle()
    assert (await gateway.record(photo)).taken_local == "2024-01-01T00:01:00"
    assert (await gateway.answer(SHIFT, given, as_=ana))["updatePhotos"]["photos"] == [{"id": photo}]
    assert (await gateway.record(photo)).taken_local == "2024-01-01T00:01:00"


async def test_stored_outcomes_are_encrypted_and_inputs_are_not_stored(gateway, ana, tmp_path) -> None:
    photo = await gateway.photo("ana", "a")
    given = {"i": {"ids": [photo], "set": {"caption": "unforgettable"}, "clientMutationId": "one"}}
    await gateway.answer(SHIFT, given, as_=ana)
    await gateway.settle()
    tables = b"".join(p.read_bytes() for p in (tmp_path / "gateway").glob("tables*"))
    assert b"unforgettable" not in tables


async def test_a_key_can_be_reused_after_it_expires(tmp_path) -> None:
    clock = {"ms": 1_700_000_000_000}
    async with opened(tmp_path, now_ms=lambda: clock["ms"]) as gateway:
        ana = await gateway.customer("ana")
        given = {"i": {"title": "Trip", "clientMutationId": "one"}}
        first = await gateway.answer(CREATE, given, as_=ana)
        clock["ms"] += 86_400_000
        await gateway.sources.idempotency_keys.forget(Key(ana.key, "one"))
        second = await gateway.answer(CREATE, given, as_=ana)
        assert first["createAlbum"]["album"]["id"] != second["createAlbum"]["album"]["id"]
