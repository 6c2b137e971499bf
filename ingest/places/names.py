"""Names by language, only if a source states the language, and the search index of all names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from babel import Locale
from babel.localedata import locale_identifiers

from datasources.locations.search_weights import ALIAS, FOREIGN, MAX_WEIGHT, PRIMARY
from datasources.locations.title_case import capitalized
from datasources.words import normalize
from ingest.places.counts import counted
from ingest.places.gazetteer import World

Texts = dict[str, str]

# Scripts used by a single living language, which identify the language of an untagged name.
_SCRIPT_LANGUAGES = {
    "ko": re.compile(r"[\uac00-\ud7a3\s()-]+"),
    "ja": re.compile(r"[\u3041-\u30ff\u4e00-\u9fff・=\s]*[\u3041-\u3096\u30a1-\u30fa][\u3041-\u30ff\u4e00-\u9fff・=\s]*"),
    "el": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff\s()-]+"),
    "he": re.compile(r"[\u05d0-\u05ea\s'\"״׳-]+"),
    "th": re.compile(r"[\u0e01-\u0e5b\s()-]+"),
    "ka": re.compile(r"[\u10d0-\u10ff\s()-]+"),
    "hy": re.compile(r"[\u0531-\u0587\s()-]+"),
}
_NE_LANGUAGES = "ar bn de el es fa fr he hi hu id it ja ko nl pl pt ru sv tr uk ur vi zh zht"
_VARIANTS = ("pt_PT", "es_419", "es_MX", "fr_CA", "zh_Hant_HK", "en_GB")
_COVERED = 0.95
_LONGEST = 100  # maximum characters of a name; longer texts are descriptions


def countries(world: World) -> Texts:
    """`country.<tag>`: a line per country, in the languages that name at least 95 % of them."""
    found: Texts = {}
    for locale in _locales():
        names = [str(locale.territories.get(code, "")) for code in world.countries]
        if sum(map(bool, names)) >= _COVERED * len(names):
            found[f"country.{_tag(locale)}"] = "\n".join(names)
    return found


def regions(world: World, matched: Mapping[int, Mapping[str, Any]]) -> Texts:
    """`region.<tag>`: a line per region; English from GeoNames, the other languages from the matched Natural Earth."""
    found: Texts = {"region.en": "\n".join(world.region_names)}
    for language in _NE_LANGUAGES.split():
        tag = "zh-Hant" if language == "zht" else language
        names = [str(matched.get(number, {}).get(f"name_{language}") or "") for number in range(len(world.regions))]
        found[f"region.{tag}"] = "\n".join(names)
    return found


def cities(world: World) -> Texts:
    """`city.<tag>`: `place number TAB name` lines; from CLDR's time zone cities, then from scripts of one language."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for language, name_like in _SCRIPT_LANGUAGES.items():
        for number, place in enumerate(world.places):
            fitting = [name for name in place["alternatenames"] if name_like.fullmatch(name) and name.strip()]
            if fitting:
                found[language][number] = min(fitting, key=lambda name: (len(name), name))
    zone_city = _zone_cities(world)
    for locale in _locales():
        for zone, number in zone_city.items():
            name = locale.time_zones.get(zone, {}).get("city")
            if name:
                found[_tag(locale)][number] = str(name)
    return {f"city.{tag}": "\n".join(f"{n}\t{name}" for n, name in sorted(of.items())) for tag, of in found.items()}


def _zone_cities(world: World) -> dict[str, int]:
    """The place that a time zone is named after: the largest of that English name in the zone."""
    english = Locale("en").time_zones
    largest: dict[str, int] = {}
    for number, place in enumerate(world.places):
        zone = str(place["timezone"])
        city = english.get(zone, {}).get("city") or zone.rpartition("/")[2].replace("_", " ")
        same = normalize(place["name"]) == normalize(city)
        if same and world.population[number] > world.population[largest[zone]] if zone in largest else same:
            largest[zone] = number
    return largest


def _locales() -> Iterable[Locale]:
    for identifier in sorted(locale_identifiers()):
        if identifier in _VARIANTS or not re.search(r"_([A-Z]{2}|\d{3})\b", identifier):
            yield Locale.parse(identifier)


def _tag(locale: Locale) -> str:
    script = None if str(locale) == "zh_Hans" else locale.script
    return "-".join(part for part in (locale.language, script, locale.territory) if part)


def search_index(world: World, named: Mapping[str, str]) -> tuple[str, dict[str, npt.NDArray[Any]]]:
    """The search index: normalized names sorted by UTF-8 bytes, the places of each name, and the title case flags.

    Numbers count countries, then regions, then places; weights are those of `search_weights`.
    """
    first = len(world.countries) + len(world.regions)
    people = np.concatenate(
        [_people(world.country, len(world.countries), world), _people(world.region, len(world.regions), world), world.population]
    )
    size = (20 * np.log10(np.maximum(people, 1))).astype(int)
    weights: dict[bytes, dict[int, int]] = defaultdict(dict)
    written: set[bytes] = set()

    def add(name: str, number: int, bonus: int) -> None:
        key = normalize(name)
        if key and len(key) <= _LONGEST and "\n" not in key:
            of = weights[key.encode()]
            if name == capitalized(key):
                written.add(key.encode())
            of[number] = max(of.get(number, 0), int(size[number]) + bonus)

    for part, text in named.items():
        level, _, tag = part.partition(".")
        bonus = PRIMARY if tag == "en" else FOREIGN
        for line_number, line in enumerate(text.split("\n")):
            if level == "city" and line:
                digits, _, name = line.partition("\t")
                add(name, first + int(digits), bonus)
            elif line:
                add(line, line_number + (len(world.countries) if level == "region" else 0), bonus)
    for number, place in enumerate(world.places):
        add(place["name"], first + number, PRIMARY)
        for name in place["alternatenames"]:
            add(name, first + number, ALIAS)
    keys = sorted(weights)
    counts = np.array([len(weights[key]) for key in keys], "<u4")
    bearers = np.array([number for key in keys for number in sorted(weights[key])], "<i4")
    weight = np.array([min(MAX_WEIGHT, weights[key][number]) for key in keys for number in sorted(weights[key])], "u1")
    return b"\n".join(keys).decode(), {
        "search.count": counted(counts),
        "search.bearer": bearers,
        "search.weight": weight,
        "search.capital": np.packbits([key in written for key in keys]),
    }


def _people(group: npt.NDArray[Any], count: int, world: World) -> npt.NDArray[np.int64]:
    inside = group >= 0
    return np.bincount(group[inside], weights=world.population[inside], minlength=count).astype(np.int64)
