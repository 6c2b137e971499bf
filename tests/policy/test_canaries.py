"""Recognisable values go in; nothing but the answers and the seals ever holds them: no log, error, cache key, table, index.

The whole data folder is read byte by byte, SQLite's log included, for texts, decimals, and numbers as machines write them.
"""

from __future__ import annotations

import io
import json
import logging
import math
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from commands.progress import PlainProgress
from identity.issuer import LocalIssuer
from ingest.run import ImportRequest, run_import
from server import create_app
from settings import Settings

LATITUDE, LONGITUDE, ALTITUDE = 41.8831237, 12.4673219, 1234.56789
CAPTION, PERSON, ALBUM = "Kanarienvogelsonnenuntergang", "Quetzalina Canariensis", "Canarygarden Quintessence"
FILE_NAME, KEYWORD, SOURCE, TEXT = "canaryfile-8812.jpg", "canarykeyworden", "canary-source-77123", "canaryrecognized words"
WORDS_OF_THE_INDEX = (CAPTION, KEYWORD, TEXT, FILE_NAME)
"""The index holds words in clear (docs/decisions/005-encrypted-and-clear-attributes.md); it may hold no other of these values."""


def point_forms(value: float) -> set[bytes]:
    """A number as texts, floats and scaled integers would hold it."""
    scaled = [round(value * 10**n) for n in (5, 6, 7)]
    whole = {struct.pack(f"{order}{kind}", n) for n in scaled for order in "<>" for kind in "iq" if n < 2**31 or kind == "q"}
    broken = {struct.pack(f"{order}{kind}", value) for order in "<>" for kind in "df"}
    # tantivy keeps floats in an order of their own: sign bit flipped.
    bits = struct.unpack(">Q", struct.pack(">d", value))[0] ^ (1 << 63)
    sortable = {struct.pack(f"{order}Q", bits) for order in "<>"}
    radians = {struct.pack(f"{order}d", math.radians(value)) for order in "<>"}
    texts = {f"{value:.{n}f}".encode() for n in (4, 5, 6, 7)} | {str(n).encode() for n in scaled}
    return whole | broken | sortable | radians | texts


def text_forms(text: str) -> set[bytes]:
    return {form.encode(kind) for form in {text, text.lower(), text.casefold()} for kind in ("utf-8", "utf-16-le", "utf-16-be")}


POINTS = {form for value in (LATITUDE, LONGITUDE, ALTITUDE) for form in point_forms(value)}
NAMES = {f for t in (PERSON, *PERSON.split(), ALBUM, *ALBUM.split(), SOURCE) for f in text_forms(t)}
WORDS = {f for t in WORDS_OF_THE_INDEX for f in text_forms(t)}


def held(folder: Path, forms: set[bytes]) -> list[str]:
    """Files that hold any of these, and which."""
    return [
        f"{path.relative_to(folder)}: {form!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for form in forms
        if form in path.read_bytes()
    ]


@pytest.fixture
async def records(tmp_path: Path) -> Path:
    record: dict[str, Any] = {
        "sourceId": SOURCE, "caption": CAPTION, "recognizedText": TEXT, "fileName": FILE_NAME, "keywords": [KEYWORD],
        "latitude": LATITUDE, "longitude": LONGITUDE, "altitudeMeters": ALTITUDE, "people": [PERSON], "albums": [ALBUM],
        "takenAt": "2024-05-01T10:00:00+02:00",
    }  # fmt: skip
    file = tmp_path / "records.jsonl"
    file.write_text(
        json.dumps(record) + "\n" + json.dumps(record | {"sourceId": f"{SOURCE}b", "latitude": "canary 41.8831237"}) + "\n"
    )
    return file


@pytest.fixture
async def logged(caplog: pytest.LogCaptureFixture) -> AsyncIterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        for name in ("aiosqlite", "httpx", "httpcore", "asyncio"):
            logging.getLogger(name).setLevel(logging.WARNING)
        yield caplog


def hostile_queries(photo: str) -> list[tuple[str, dict[str, Any]]]:
    """What clients send that holds values, some of it wrong: values in errors are values in logs."""
    near = {"latitude": LATITUDE, "longitude": LONGITUDE, "radiusMeters": 10}
    return [
        (
            "{ photos { nodes { id caption location { latitude longitude altitudeMeters } people { name } albums { title } } } }",
            {},
        ),
        (f'{{ searchPhotos(query: "{CAPTION} {PERSON}") {{ edges {{ cursor score node {{ caption }} }} }} }}', {}),
        (f'{{ people(query: "{PERSON}") {{ nodes {{ name }} }} albums(query: "{ALBUM}") {{ nodes {{ title }} }} }}', {}),
        ("query($n: CircleInput!) { photos(filter: {near: $n}) { total { count } } }", {"n": near}),
        ("query($n: CircleInput!) { photos(filter: {near: $n}) { total { count } } }", {"n": near | {"latitude": CAPTION}}),
        (
            "query($n: CircleInput!) { photos(filter: {near: $n}) { total { count } } }",
            {"n": near | {"longitude": 1e9 + LONGITUDE}},
        ),
        (f'{{ photos(after: "{CAPTION}") {{ nodes {{ id }} }} }}', {}),
        (f'{{ photos(filter: {{fileName: "{FILE_NAME}", captain: "{CAPTION}"}}) {{ nodes {{ id }} }} }}', {}),
        (f'{{ photos(filter: {{takenAt: {{start: "{CAPTION}"}}}}) {{ nodes {{ id }} }} }}', {}),
        (
            "mutation($i: UpdatePhotosInput!) { updatePhotos(input: $i) { photos { caption } userErrors { message } } }",
            {"i": {"ids": [photo], "set": {"caption": f"{CAPTION} again"}, "clientMutationId": "once"}},
        ),
    ]


async def test_values_are_in_answers_and_nowhere_else(
    tmp_path: Path, records: Path, logged: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    data, screen = tmp_path / "data", io.StringIO()
    tally = (await run_import(data, ImportRequest(records, "ana"), PlainProgress(screen), asyncio.Event())).counters
    settings = Settings(data=data)
    app = create_app(settings)
    said = []
    async with app.router.lifespan_context(app):
        import time

        token = LocalIssuer.development(data, settings.audience, time.time).customer("ana")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8150") as client:

            async def ask(query: str, variables: dict[str, Any]) -> httpx.Response:
                headers = {"authorization": f"Bearer {token}"}
                return await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)

            first = (await ask("{ photos(first: 1) { nodes { id caption location { latitude } people { name } } } }", {})).json()
            photo = first["data"]["photos"]["nodes"][0]
            # The proof looks at something: the values did go in, and do come out.
            assert (photo["caption"], photo["location"]["latitude"], photo["people"]) == (CAPTION, LATITUDE, [{"name": PERSON}])
            said = [(await ask(query, variables)) for query, variables in hostile_queries(photo["id"])]
        # While SQLite's log and the index's newest segment are still as they are in service.
        assert held(data, POINTS | NAMES) == []
        assert held(data, WORDS) == [h for h in held(data, WORDS) if h.startswith("index/")]
    assert held(data, POINTS | NAMES) == []
    errors = [e for answer in said for e in answer.json().get("errors", [])]
    assert len(errors) >= 5
    cursors = [e["cursor"] for a in said for e in (((a.json().get("data") or {}).get("searchPhotos") or {}).get("edges") or [])]
    printed = "".join(capfd.readouterr())
    response = (
        logged.text + "".join(repr(vars(r)) for r in logged.records) + printed + screen.getvalue() + str(tally.json_line(0.0))
    )
    found = [f for f in POINTS | NAMES | WORDS if f in (response + json.dumps(errors) + json.dumps(cursors)).encode()]
    assert found == []


def test_the_forms_find_what_they_are_for(tmp_path: Path) -> None:
    for n, value in enumerate((struct.pack("<d", LATITUDE), str(LONGITUDE).encode(), struct.pack(">i", 418831237))):
        (tmp_path / str(n)).write_bytes(b"xx" + value + b"yy")
    (tmp_path / "name").write_bytes(b"..quetzalina..")
    assert {h.split(":")[0] for h in held(tmp_path, POINTS | NAMES)} == {"0", "1", "2", "name"}
