"""The query `translate`: by concept, by place, by machine translation, or unknown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datasources.tables.photos import LabelMark
from datasources.translations.port import MachineText, Translator
from tests.requests.harness import Gateway, customer, opened, service

ASK = """query($terms: [String!]!, $from: String, $to: [String!]!) {
  translate(terms: $terms, from: $from, to: $to) { term language label { key } texts { language text method confidence } } }"""


class Fake(Translator):
    """A machine translator for tests; records the terms it was sent."""

    def __init__(self, known: dict[str, str], *, personal: bool) -> None:
        self.known, self.personal, self.sent = known, personal, []  # type: ignore[var-annotated]

    @property
    def takes_personal_text(self) -> bool:
        return self.personal

    async def translate(self, terms: Sequence[str], source: str | None, target: str) -> Sequence[MachineText | None]:
        self.sent += terms
        return [MachineText(self.known[t], source or "fi") if t in self.known else None for t in terms]

    async def close(self) -> None: ...


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with opened(tmp_path) as made:
        yield made


async def ask(gateway: Gateway, terms: list[str], to: list[str], from_: str | None = None, as_: Any = None) -> list[Any]:
    answer = await gateway.answer(ASK, {"terms": terms, "from": from_, "to": to}, as_=as_ or customer("ana"))
    return list(answer["translate"])


async def test_words_are_translated_by_concept_with_confidence(gateway: Gateway) -> None:
    (beach, nothing, again) = await ask(gateway, ["playa", "qwxz", "playa"], ["fr", "sv", "es"], "es")
    assert beach["label"]["key"] == "beach"
    french, swedish, spanish = beach["texts"]
    assert french == {"language": "fr", "text": "plage", "method": "TABLE", "confidence": 1.0}
    assert (swedish["language"], swedish["method"]) == ("sv", "CLDR")
    assert 0 < swedish["confidence"] < 1
    assert spanish["text"] == "playa"
    assert again == beach
    assert nothing["label"] is None
    assert [(t["text"], t["method"], t["confidence"]) for t in nothing["texts"][:2]] == [("qwxz", "NONE", 0.0)] * 2


async def test_a_term_with_a_source_language_does_not_match_other_languages(gateway: Gateway) -> None:
    (found,) = await ask(gateway, ["Strand"], ["en"], "ja")
    assert found["label"] is None


async def test_the_source_language_is_detected(gateway: Gateway) -> None:
    (found,) = await ask(gateway, ["пляж"], ["en"])
    assert (found["language"], found["texts"][0]["text"]) == ("ru", "beach")


async def test_place_names_are_translated(gateway: Gateway) -> None:
    (found,) = await ask(gateway, ["Deutschland"], ["fr", "ja"], "de")
    assert [(t["text"], t["method"]) for t in found["texts"]] == [("Allemagne", "PLACE"), ("ドイツ", "PLACE")]


async def test_an_english_city_name_is_the_untagged_name_with_lower_confidence(gateway: Gateway) -> None:
    (found,) = await ask(gateway, ["Roma"], ["en", "ja"], "es")
    assert found["texts"][0] == {"language": "en", "text": "Rome", "method": "PLACE", "confidence": 0.7}
    assert found["texts"][1]["method"] == "PLACE"


async def test_limits_are_enforced(gateway: Gateway) -> None:
    for terms, to, reason in (
        (["x"] * 201, ["en"], "LIST_SIZE"),
        (["x"], ["en"] * 21, "LIST_SIZE"),
        (["x" * 201], ["en"], "TERM_SIZE"),
        (["x"], ["not a tag"], "LANGUAGE"),
    ):
        answer = await gateway.execute(ASK, {"terms": terms, "to": to}, as_=customer("ana"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert answer["errors"][0]["extensions"]["reason"] == reason
    assert await ask(gateway, [], ["en"]) == []
    assert (await ask(gateway, ["playa"], []))[0]["texts"] == []


async def test_only_unknown_terms_of_services_go_to_machine_translation(gateway: Gateway) -> None:
    machine = Fake({"koiranulkoilutus": "dog walking"}, personal=False)
    gateway.sources = replace(gateway.sources, translator=machine)
    (found, dog) = await ask(gateway, ["koiranulkoilutus", "koira"], ["en"], "fi", as_=service())
    assert found["texts"] == [{"language": "en", "text": "dog walking", "method": "MACHINE", "confidence": 0.7}]
    assert dog["texts"][0]["text"] == "dog"
    assert machine.sent == ["koiranulkoilutus"]
    (untold,) = await ask(gateway, ["koiranulkoilutus"], ["en"], "fi")
    assert untold["texts"][0]["method"] == "NONE"
    assert machine.sent == ["koiranulkoilutus"]


SEARCH = 'query($q: String!) { searchPhotos(query: $q, languages: ["fi"]) { nodes { id } } }'


async def test_search_uses_machine_translation_only_if_personal_text_is_allowed(gateway: Gateway) -> None:
    dog = await gateway.photo("ana", "one", labels=(LabelMark("dog", 0.9),))
    for personal in (False, True):
        machine = Fake({"hauveli": "dog"}, personal=personal)
        gateway.sources = replace(gateway.sources, translator=machine)
        found = await gateway.answer(SEARCH, {"q": "hauveli"}, as_=customer("ana"))
        assert [n["id"] for n in found["searchPhotos"]["nodes"]] == ([dog] if personal else [])
        assert machine.sent == (["hauveli"] if personal else [])
