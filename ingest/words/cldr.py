"""Reads the emoji keywords of Unicode CLDR by language from a pinned npm package.

A word is represented by the emoji of which it is a name or keyword. Sequences are skipped: they repeat their parts.
"""

from __future__ import annotations

import json
import math
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from datasources.words import normalize
from ingest.places.sources import tarball

PACKAGE: Final = "cldr-annotations-full@48.2.0"
DIGEST: Final = "28576e51225deb51e3ddd734b0f824a0079682cb5d8c27faa9f68149317a14d1"
FEWEST_NAMES: Final = 1_500
"""Minimum number of emoji names of a usable language."""
_NAME, _KEYWORD = 3.0, 1.0
_JOINER, _VARIATION = "\u200d", "\ufe0f"
_SKIN_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))

Vector = Mapping[str, float]
"""A sparse vector: weights by emoji."""


class Words:
    """One language: vectors by normalized word, and the spelling of each word."""

    def __init__(self, annotations: Mapping[str, Mapping[str, list[str]]]) -> None:
        weights: dict[str, dict[str, float]] = defaultdict(dict)
        self.written: dict[str, str] = {}
        for emoji, texts in annotations.items():
            bare = emoji.replace(_VARIATION, "")
            if _JOINER in bare or _SKIN_TONES & set(bare):
                continue
            for word, weight in _weighted(texts):
                key = normalize(word)
                weights[key][bare] = max(weight, weights[key].get(bare, 0.0))
                self.written.setdefault(key, word)
        self.vectors = {key: unit(vector) for key, vector in weights.items() if key}


def read(folder: Path) -> dict[str, Words]:
    """Every language with enough names, by BCP 47 tag; the package is downloaded into `folder` if missing."""
    found: dict[str, Words] = {}
    with tarfile.open(tarball(PACKAGE, DIGEST, folder)) as archive:
        for member in archive:
            parts = Path(member.name).parts
            file = archive.extractfile(member) if parts[-1] == "annotations.json" else None
            if file is None:
                continue
            annotations: Any = json.load(file)["annotations"].get("annotations", {})
            if sum("tts" in texts for texts in annotations.values()) >= FEWEST_NAMES:
                found[parts[-2]] = Words(annotations)
    return dict(sorted(found.items()))


def unit(vector: Vector) -> dict[str, float]:
    """The vector scaled to length 1."""
    length = math.sqrt(sum(weight * weight for weight in vector.values()))
    return {emoji: weight / length for emoji, weight in vector.items()} if length else {}


def bare(emoji: str) -> str:
    """An emoji without its variation selector, the key in vectors."""
    return emoji.replace(_VARIATION, "")


def _weighted(texts: Mapping[str, list[str]]) -> Iterable[tuple[str, float]]:
    yield from ((word, _KEYWORD) for word in texts.get("default", ()))
    yield from ((word, _NAME) for word in texts.get("tts", ()))
