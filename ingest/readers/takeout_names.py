"""Which JSON of a Takeout folder tells of which photo: by name, through every way in which Takeout has spoiled names.

A JSON is called after its photo, `IMG_1.jpg.json`, lately `IMG_1.jpg.supplemental-metadata.json`, cut to 46 characters
(51 with its ending); a second photo of one name has its number before the ending, its JSON behind it (`IMG_1(1).jpg`,
`IMG_1.jpg(1).json`); an edited photo and the film of a live photo share the JSON of the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ingest.formats.media_types import kind_of_name

_LONGEST, _SHORTEST = 51, 40
_EXTRA = "supplemental-metadata"
_NUMBERED = re.compile(r"(.*)\((\d{1,4})\)", re.DOTALL)
_UNSAFE = re.compile(r'[&%<>:"/\\|?*#\'+=@^~`{}\x00-\x1f]')
_EDITED = tuple(
    "-edited -bearbeitet -modifié -editado -editada -modificato -bewerkt -edytowane -redigerad -redigeret -redigert -muokattu"
    " -upraveno -effects -animation -collage"
    " -smile -mix -編集済み -已修改 -已編輯 -수정됨 -изменено -düzenlendi -zmieniony".split()
)
_YEAR = r"(?:19|20)\d\d"
_YEARS = re.compile(
    r"(?:photos from|fotos von|fotos? de|photos de|foto del|foto da|foto's uit|foto's van|zdjęcia z|foton från|billeder fra"
    r"|bilder fra|bilder från|kuvat vuodelta|fotky z(?: roku)?|фото за|фотографии за|фото з|fotók [–-]|fotografii din"
    rf"|φωτογραφίες από)\s+{_YEAR}(?: год| р\.)?|{_YEAR}\s*(?:年の写真|年的照片|年的相片|년의 사진|년 사진|yılından fotoğraflar)"
    rf"|来自 {_YEAR} 年的照片|{_YEAR}",
    re.IGNORECASE,
)
_TRASH = frozenset(
    "trash bin papierkorb corbeille papelera cestino prullenbak lixeira kosz papperskorg корзина"
    " ゴミ箱 回收站 垃圾桶 휴지통".split()
)
_Key = tuple[str, str]  # the photo's name in small letters, its number or ""


def is_of_a_year(title: str) -> bool:
    """Takeout's own sorting by years is no album of anybody."""
    return _YEARS.fullmatch(title.strip()) is not None


def is_trash(folder: str) -> bool:
    """The trash, in the languages in which Takeout names folders."""
    return folder.strip().casefold() in _TRASH


class Sidecars:
    """The JSON files of one folder, by what their names promise; `titles` says what their contents do, where it is known."""

    def __init__(self, names: Iterable[str], titles: Mapping[str, str] | None = None) -> None:
        self._exact: dict[_Key, str] = {}
        self._stems: dict[_Key, str] = {}
        for name in sorted(names):
            for key in _promised(name):
                self._exact.setdefault(key, name)
                stem = key[0].rpartition(".")[0]
                if kind_of_name(key[0]) != "other":
                    self._stems.setdefault((stem, key[1]), name)
        for name, title in (titles or {}).items():
            stem, dot, end = _UNSAFE.sub("_", title).rpartition(".")
            stem, end = (stem, dot + end) if dot else (end, "")
            for cut in (stem, stem[: 51 - len(end)], stem[: 47 - len(end)], stem[:47], stem[:46]):
                self._exact.setdefault((f"{cut}{end}".lower(), ""), name)

    def of(self, photo: str) -> str | None:
        """The JSON that tells of a photo, the surest first."""
        for name, number in _readings(photo):
            for length in (len(name), *range(min(_LONGEST, len(name) - 1), _SHORTEST - 1, -1)):
                if found := self._exact.get((name[:length], number)):
                    return found
        for name, number in _readings(photo):
            stem = name.rpartition(".")[0]
            if found := self._exact.get((stem, number)) or self._stems.get((stem, number)):
                return found
        return None


def _promised(name: str) -> Iterator[_Key]:
    """The photos that a JSON's name may stand for."""
    base, number = name[: -len(".json")], ""
    if match := _NUMBERED.fullmatch(base):
        yield base.lower(), ""
        base, number = match[1], match[2]
    yield base.lower(), number
    stem, dot, end = base.rpartition(".")
    if dot and _EXTRA.startswith(end.lower()):
        yield stem.lower(), number
        if match := _NUMBERED.fullmatch(stem):  # IMG_1.jpg(1).supplemental-metadata.json
            yield match[1].lower(), match[2]


def _readings(photo: str) -> Iterator[_Key]:
    """How a photo's name may stand in its JSON's."""
    name = photo.lower()
    stem, dot, end = name.rpartition(".")
    stem, end = (stem, dot + end) if dot else (name, "")
    yield name, ""
    match = _NUMBERED.fullmatch(stem)
    plain, number = (match[1], match[2]) if match else (stem, "")
    if match:
        yield plain + end, number
    for suffix in _EDITED:
        if plain.endswith(suffix):
            yield plain.removesuffix(suffix) + end, number
            yield f"{plain.removesuffix(suffix)}({number}){end}", ""
