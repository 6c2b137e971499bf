"""What people type finds the photo that holds it: words, names, files, dates and places, in addition to what the words mean."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from access.viewer import Viewer
from datasources.locations.port import Point
from datasources.tables.photos import Coordinates
from tests.requests.harness import Gateway, opened
from tests.stack.stacks import gateway_on, made, stack_of

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LANGUAGES = ("en", "de", "it", "ru")


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.servers)])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as held:
        if request.param == "embedded":
            gateway = await held.enter_async_context(opened(tmp_path))
        else:
            gateway = await held.enter_async_context(gateway_on(await held.enter_async_context(made(stack_of()))))
        object.__setattr__(gateway.sources, "now_ms", lambda: int(NOW.timestamp() * 1_000))
        yield gateway


async def found(gateway: Gateway, query: str, viewer: Viewer, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """The captions, or else the file names, of the hits in order."""
    document = "query($q: String!) { searchPhotos(query: $q, library: ALL, first: 50) { nodes { caption fileName } } }"
    answer = await gateway.execute(document, {"q": query}, as_=viewer, languages=languages)
    assert "errors" not in answer, answer["errors"]
    return [n["caption"] or n["fileName"] for n in answer["data"]["searchPhotos"]["nodes"]]


CAPTIONS = (
    "Dinner in New York", "Ice cream by the lake", "誕生日パーティー", "Unser Hot Dog in San Francisco", "Berlin by night",
    "Red car parked next to a blue house", "Blue car near the red house", "Children running and jumping, kids' feet",
    "Ho mangiato gli spaghetti con le amiche", "Wir fuhren mit dem Fahrrad", "Она увидела собаку", "Lunch with grandma",
    "mother-in-law's co-worker", "Photo 👨‍👩‍👧 🏖️ fun", "מִשְׁפָּחָה בַּבַּיִת", "مُحَمَّد في المَدرَسة", "Los Angeles at dawn",
)  # fmt: skip


CAPTION_OF = {
    "New York": 0, "ice cream": 1, "誕生日": 2, "San Francisco": 3, "berlin by night": 4, "“red car”": 5, "foot": 7, "runs": 7,
    "mangiare": 8, "amica": 8, "fahrräder": 9, "собаки": 10, "grandmother": 11, "mother in law": 12, "👨‍👩‍👧": 13, "🏖": 13,
    "בית": 14, "مدرسة": 15, "los angeles": 16,
}  # fmt: skip


async def test_a_caption_is_found_by_its_words_also_where_they_mean_something(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    for number, text in enumerate(CAPTIONS):
        await gateway.photo("ana", f"p{number}", caption=text)
    hits = {query: await found(gateway, query, ana) for query in CAPTION_OF}
    assert {query: first[:1] for query, first in hits.items()} == {q: [CAPTIONS[n]] for q, n in CAPTION_OF.items()}


async def test_quotes_minus_and_or_are_the_only_syntax(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    for number, text in enumerate(("red car by a blue house", "blue car by a red house", "red boat", "green tree")):
        await gateway.photo("ana", f"p{number}", caption=text)
    assert await found(gateway, '"red car"', ana) == ["red car by a blue house"]
    assert await found(gateway, "red -car", ana) == ["red boat"]
    assert set(await found(gateway, 'red -"blue house"', ana)) == {"red boat", "blue car by a red house"}
    assert set(await found(gateway, "boat OR tree", ana)) == {"red boat", "green tree"}
    assert set(await found(gateway, "-car", ana)) == {"red boat", "green tree"}
    for text in ("boat - ( ) *", "boat AND", "OR boat", "boat:*", 'boat "'):
        assert await found(gateway, text, ana) == ["red boat"], text


DATES = (
    "2019", "July 2019", "14.07.2019", "2019-07-14", "07/14/2019", "14/7/19", "summer 2019", "Juli 2019", "luglio 2019",
    "лето 2019", "été 2019", "verano 2019", "4th of July OR 14th of July", "14. Juli", "il 14 luglio 2019", "2010s", "20190714",
)  # fmt: skip


async def test_dates_as_typed_find_the_photo(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    await gateway.photo("ana", "a", taken_local="2019-07-14T12:00:00", caption="then")
    await gateway.photo("ana", "b", taken_local="2021-12-25T12:00:00", caption="later")
    assert {query: await found(gateway, query, ana) for query in DATES} == {query: ["then"] for query in DATES}


RELATIVE = {
    "yesterday": "2026-11-30", "last week": "2026-11-25", "last Christmas": "2025-12-25", "letzten Sommer": "2026-07-01",
    "l'été dernier": "2026-07-01", "last year": "2025-12-25", "вчера": "2026-11-30", "questo mese": "2026-12-01",
}  # fmt: skip


async def test_relative_dates_use_the_clock(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    for day in {*RELATIVE.values(), "2024-03-03"}:
        await gateway.photo("ana", day, taken_local=f"{day}T12:00:00", caption=day)
    assert {query: await found(gateway, query, ana) for query in RELATIVE} == {q: [day] for q, day in RELATIVE.items()}


async def test_a_file_is_found_by_its_name_or_a_part_of_it(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    await gateway.photo("ana", "a", file_name="IMG_1234.JPG")
    await gateway.photo("ana", "b", file_name="IMG_9999.JPG")
    for query in ("IMG_1234", "1234", "IMG_1234.JPG", "img_1234.jpg", "_1234."):
        assert await found(gateway, query, ana) == ["IMG_1234.JPG"], query


async def test_any_part_of_a_name_finds_the_person_and_the_text_too(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    person = await gateway.person("ana", "Maria Rossi O'Brien")
    await gateway.photo("ana", "a", people=(gateway.sources.ids.decode(person).local,), caption="portrait")
    await gateway.photo("ana", "b", caption="A letter from Maria Rossi O'Brien")
    for query in ("Maria", "rossi", "Maria Rossi", "o'brien", "O’Brien", "maria o’brien"):
        assert set(await found(gateway, query, ana)) == {"portrait", "A letter from Maria Rossi O'Brien"}, query


async def test_cameras_media_types_and_favorites_are_words(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    await gateway.photo("ana", "1", camera_make="Canon", camera_model="Canon EOS 5D Mark III", caption="a")
    await gateway.photo("ana", "2", camera_make="FUJIFILM", camera_model="X100V", caption="b")
    await gateway.photo("ana", "3", media_type="VIDEO", caption="c")
    await gateway.photo("ana", "4", favorite=True, caption="d")
    for query, caption in (("Canon", "a"), ("eos 5d", "a"), ("X100V", "b"), ("video", "c"), ("Favoriten", "d")):
        assert await found(gateway, query, ana) == [caption], query


NAMED: dict[str, tuple[float, float]] = {
    "Ivory Coast": (5.35, -4.0), "Czech Republic": (50.08, 14.43), "UAE": (25.2, 55.27), "Holland": (52.37, 4.9),
    "Turkey": (41.01, 28.97), "U.S.A.": (40.71, -74.0), "Toscana": (43.77, 11.25), "Cologne": (50.94, 6.96),
    "Seville": (37.39, -5.99), "Xi'an": (34.26, 108.94), "Saint-Étienne": (45.44, 4.39), "saint etienne": (45.44, 4.39),
    "N'Djamena": (12.11, 15.04), "Rio de Janeiro": (-22.91, -43.2), "Los Angeles": (34.05, -118.24),
}  # fmt: skip


async def test_a_place_is_found_by_the_names_that_people_use(gateway: Gateway) -> None:
    ana = await gateway.customer("ana")
    places = await gateway.sources.locations.resolve([Point(*point) for point in NAMED.values()])
    for query, point, place in zip(NAMED, NAMED.values(), places, strict=True):
        await gateway.photo("ana", query, at=Coordinates(*point), place=place, caption=f"photo {point[0]}")
    for query, point in NAMED.items():
        assert f"photo {point[0]}" in await found(gateway, query, ana), query


async def test_nobody_finds_by_what_a_share_hides(gateway: Gateway) -> None:
    """A guest with a day of hidden time and place finds neither by date, nor by place, nor by file name."""
    ana, bob = await gateway.customer("ana"), await gateway.customer("bob")
    (place,) = await gateway.sources.locations.resolve([Point(50.94, 6.96)])
    fields: dict[str, Any] = {"taken_local": "2019-07-14T12:00:00", "place": place, "file_name": "IMG_1234.JPG", "favorite": True}
    photo = await gateway.photo("ana", "a", at=Coordinates(50.94, 6.96), caption="trip", **fields)
    album = await gateway.album(ana, "Album", photo)
    share = """mutation($i: ShareAlbumInput!) { shareAlbum(input: $i) { userErrors { code field } } }"""
    given = {"albumId": album, "with": {"customerId": gateway.id("Customer", "bob", "bob")}, "locationPrecision": "NONE",
             "timePrecision": "NONE"}  # fmt: skip
    answer = await gateway.answer(share, {"i": given}, as_=ana)
    assert answer["shareAlbum"]["userErrors"] == []
    await gateway.accept(bob)
    assert await found(gateway, "trip", bob) == ["trip"]
    for query in ("2019", "July 2019", "14.07.2019", "Cologne", "Germany", "IMG_1234", "1234", "favorite"):
        assert await found(gateway, query, bob) == [], query
        assert await found(gateway, query, ana) == ["trip"], query
