"""Names of places by language; the language of a name is the one that its source states."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

from datasources.locales import language_fallbacks
from datasources.locations.artefact import PackedFile
from datasources.locations.atlas import Atlas
from datasources.locations.port import LocalizedName, PlaceKind
from datasources.locations.string_table import StringTable

UNTAGGED = "und"
"""BCP 47 for undetermined: the source does not state the language of the gazetteer's own names."""

# Languages written in the Latin script for which the gazetteer has names.
_LATIN_LANGUAGES = (
    "af az bs ca cs cy da de en es et eu fi fil fr fy ga gl hr hu id is it lb lt lv ms mt nl nn no pl pt rm ro sk sl "
    "sq sv sw tr uz vi zu"
)


class PlaceNames:
    """Names of places; tables are loaded on the first use of a language and cached."""

    def __init__(self, artefact: PackedFile, atlas: Atlas) -> None:
        self._artefact = artefact
        self._atlas = atlas
        self._own = StringTable(artefact.large_text("place.name"))
        self._tags = {level: frozenset(artefact.names(f"{level}.")) for level in ("country", "region", "city")}
        self._table = cache(self._read_table)
        self._cities = cache(self._read_cities)

    def name(self, number: int, tags: Sequence[str]) -> LocalizedName:
        """The name in the first fallback language that has one, else the gazetteer's own name."""
        for tag in language_fallbacks(tags):
            text = self._in(number, tag)
            if text:
                return LocalizedName(text, tag)
            if tag == "en" and _is_latin(self.own(number).text):
                # The sources write the own name in English spelling where they tag no English name: Tokyo, and never Tokio.
                break
        return self.own(number)

    def address(self, number: int, tags: Sequence[str]) -> LocalizedName:
        """City (of a locality), region and country, all in one language if one language has all the names."""
        parts = self._address_numbers(number)
        for tag in language_fallbacks(tags):
            names = [self._in(part, tag) or self._latin_own_name(part, tag) for part in parts]
            if all(names):
                return LocalizedName(", ".join(_without_repeats(names)), tag)
        # No language has all names: use the gazetteer's own names instead of a mix of languages.
        return LocalizedName(", ".join(_without_repeats([self.own(part).text for part in parts])), UNTAGGED)

    def _address_numbers(self, number: int) -> list[int]:
        above = self._atlas.ancestors(number)
        return (
            [number, *reversed([part for part in above if self._atlas.kind(part) is not PlaceKind.CITY])]
            if (self._atlas.kind(number) is not PlaceKind.LOCALITY)
            else [*reversed(above)]
        )

    def _in(self, number: int, tag: str) -> str:
        atlas = self._atlas
        if number >= atlas.first_place:
            return self._cities(tag).get(number - atlas.first_place, "")
        if number >= atlas.first_region:
            return self._table("region", tag)[number - atlas.first_region] if tag in self._tags["region"] else ""
        return self._table("country", tag)[number] if tag in self._tags["country"] else ""

    def _latin_own_name(self, number: int, tag: str) -> str:
        """The own name if both it and the language are Latin, because such languages do not translate names of small places."""
        own = self.own(number)
        fits = own.language == UNTAGGED and tag.partition("-")[0] in _LATIN_LANGUAGES.split() and _is_latin(own.text)
        return own.text if fits else ""

    def own(self, number: int) -> LocalizedName:
        """The gazetteer's own name of a place; the English name for regions and countries."""
        if number >= self._atlas.first_place:
            return LocalizedName(self._own[number - self._atlas.first_place], UNTAGGED)
        return LocalizedName(self._in(number, "en") or self._atlas.id(number), "en")

    def _read_table(self, level: str, tag: str) -> list[str]:
        return self._artefact.lines(f"{level}.{tag}")

    def _read_cities(self, tag: str) -> dict[int, str]:
        if tag not in self._tags["city"]:
            return {}
        pairs = (line.partition("\t") for line in self._artefact.lines(f"city.{tag}"))
        return {int(number): name for number, _, name in pairs}


def _is_latin(text: str) -> bool:
    return all("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha())


def _without_repeats(names: Sequence[str]) -> list[str]:
    """The distinct names in order: Berlin, Berlin, Germany becomes Berlin, Germany."""
    return list(dict.fromkeys(names))
