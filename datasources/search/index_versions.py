"""The versions that a search index is built with: if they differ from the program's, the index is rebuilt from the tables."""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from datasources.search.analysis import fold_name, grams, stems, words
from datasources.search.columns import FRACTIONAL, SortKey
from datasources.search.conditions import Field
from datasources.versions import DOCUMENT_VERSION

FILE: Final = "versions.json"
_WORDS: Final = (
    "classes churches wishes bureaux stories glass roads Frauen women movie mosquee rosa gatti gatto Blumen Blume bees pizza "
    "İstanbul Straße naïve Ærø Łódź can't O’Hare 東京都 ソウル 서울특별시 กรุงเทพ հայերեն हिन्दी العربيّة עִבְרִית ﬁne ２０２４ x9z"
)
_NAME: Final = "IMG_0042 (Édition)-Σ.JPG"


class IndexVersions(msgspec.Struct, frozen=True):
    """`documents`: fields and values of a document. `analysis`: how text becomes terms."""

    documents: str
    analysis: str


@cache
def index_versions() -> IndexVersions:
    """Those of this program. They take a few milliseconds, once."""
    fields = [(f.label, f.kind.name, f in FRACTIONAL) for f in Field]
    return IndexVersions(f"{DOCUMENT_VERSION}-{_digest((fields, [k.value for k in SortKey]))}", analysis_version())


def analysis_version() -> str:
    """A digest of the terms of a fixed sample: every Latin letter, some letters of each other script, every kind of ending.

    So a change of folding, of word boundaries, of endings or of Unicode is noticed, wherever it was made.
    """
    letters = [*range(0x21, 0x250), *range(0x250, 0x530, 3), *range(0x530, 0x3000, 29), *range(0x3000, 0x10000, 401)]
    sample = " ".join(f"a{chr(c)}a" for c in letters if not 0xD800 <= c < 0xE000)  # noqa: PLR2004 - surrogates are not characters
    found = words((sample, _WORDS))
    name = fold_name(_NAME)
    terms = [found, sorted(stems(found[1])), [name, grams(name, 2), grams(name, 3)]]
    return _digest((unicodedata.unidata_version, terms))


def stored_versions(folder: Path) -> IndexVersions | None:
    """Those of the index in a folder; None for an index of a program that stored none, or without an index."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=IndexVersions)
    except (OSError, msgspec.MsgspecError):
        return None


def store_versions(folder: Path) -> None:
    """Writes those of this program into the folder of a new index."""
    (folder / FILE).write_bytes(msgspec.json.encode(index_versions()))


def _digest(value: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(value), digest_size=8).hexdigest()
