"""Matches the JSON files of a Takeout folder with photos by name, although Takeout alters names.

A JSON file has the name of its photo, `IMG_1.jpg.json` or `IMG_1.jpg.supplemental-metadata.json`, truncated to 46 characters
(51 with the extension). A second photo with the same name has its number before the extension, and its JSON file has it after
the extension (`IMG_1(1).jpg`, `IMG_1.jpg(1).json`). Edited photos and videos of live photos share the JSON file of the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from pictures.formats.media_types import kind_of_name

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
_Key = tuple[str, str]  # the name of the photo, its number or ""


def is_year_folder(title: str) -> bool:
    """Whether the title is that of a folder by year, which Takeout creates and which is not an album."""
    return _YEARS.fullmatch(title.strip()) is not None


def is_trash(folder: str) -> bool:
    """Whether the folder is the trash, in the languages of Takeout."""
    return folder.strip().casefold() in _TRASH


def folded(name: str) -> str:
    """The name in lower case and in composed form (NFC): systems store the same name in other forms."""
    return unicodedata.normalize("NFC", name).lower()


class SidecarMatcher:
    """The JSON files of one folder by the names of their photos. `titles` are the original names in their content, if known.

    `is_exact` distinguishes upper and lower case, for folders with names that differ only in it.
    """

    def __init__(self, names: Iterable[str], titles: Mapping[str, str] | None = None, *, is_exact: bool = False) -> None:
        self._form = (lambda name: unicodedata.normalize("NFC", name)) if is_exact else folded
        self._exact: dict[_Key, str] = {}
        self._stems: dict[_Key, str] = {}
        for name in sorted(names):
            for key in _photo_keys(self._form(name)):
                self._exact.setdefault(key, name)
                stem = key[0].rpartition(".")[0]
                if kind_of_name(key[0]) != "other":
                    self._stems.setdefault((stem, key[1]), name)
        for name, title in (titles or {}).items():
            stem, dot, end = _UNSAFE.sub("_", unicodedata.normalize("NFC", title)).rpartition(".")
            stem, end = (stem, dot + end) if dot else (end, "")
            for cut in (stem, stem[: 51 - len(end)], stem[: 47 - len(end)], stem[:47], stem[:46]):
                self._exact.setdefault((self._form(f"{cut}{end}"), ""), name)

    def of(self, photo: str) -> str | None:
        """The JSON file of a photo; exact matches take precedence."""
        form = self._form(photo)
        for name, number in _json_keys(form):
            for length in (len(name), *range(min(_LONGEST, len(name) - 1), _SHORTEST - 1, -1)):
                if found := self._exact.get((name[:length], number)):
                    return found
        for name, number in _json_keys(form):
            stem = name.rpartition(".")[0]
            if found := self._exact.get((stem, number)) or self._stems.get((stem, number)):
                return found
        return None


def _photo_keys(name: str) -> Iterator[_Key]:
    """The photos to which the name of a JSON file may refer."""
    base, number = name[: -len(".json")], ""
    if match := _NUMBERED.fullmatch(base):
        yield base, ""
        base, number = match[1], match[2]
    yield base, number
    stem, dot, end = base.rpartition(".")
    if dot and _EXTRA.startswith(end.lower()):
        yield stem, number
        if match := _NUMBERED.fullmatch(stem):  # IMG_1.jpg(1).supplemental-metadata.json
            yield match[1], match[2]


def _json_keys(name: str) -> Iterator[_Key]:
    """The forms that the name of a photo may have in the name of its JSON file."""
    stem, dot, end = name.rpartition(".")
    stem, end = (stem, dot + end) if dot else (name, "")
    yield name, ""
    match = _NUMBERED.fullmatch(stem)
    plain, number = (match[1], match[2]) if match else (stem, "")
    if match:
        yield plain + end, number
    for suffix in _EDITED:
        if plain.lower().endswith(suffix):
            base = plain[: -len(suffix)]
            yield base + end, number
            yield f"{base}({number}){end}", ""
