"""The developer's command that makes `synonyms.zip`: `python -m ingest.words.build`.

Which of our concepts a word of a language of CLDR stands for: the cosine of the word's emoji with the concept's, which
are those of its hand-written words in twelve languages (docs/places.md, "Words"). Needs npm; the same package gives the
same bytes. `--report` leaves each hand-written language out of the concepts in turn and says how well it is understood.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from datasources.translations.synonyms import DEFAULT_PATH, MANIFEST
from datasources.translations.tables import LABELS
from datasources.words import normalize
from ingest.words.cldr import PACKAGE, Words, bare, read, unit

CUTOFF: Final = 0.4
"""Cosines below this are guesses: left out, 92 % of what remains is right (`--report`)."""
_NEAR: Final = 0.85
_SYNONYM: Final = 0.5
_MOST: Final = 3
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_COLUMNS: Final = frozenset({"concept", "emoji"})

Row = Mapping[str, str]
Concepts = Mapping[str, Sequence[tuple[str, float]]]
"""Concepts and their weights by emoji."""


def concepts(rows: Sequence[Row], known: Mapping[str, Words], languages: Iterable[str]) -> Concepts:
    """What each concept's hand-written words in these languages point to."""
    chosen, by_emoji = list(languages), defaultdict(list)
    for row in rows:
        total: dict[str, float] = defaultdict(float, {bare(row["emoji"]): 1.0})
        for language in chosen:
            for place, word in enumerate(row[language].split("|")):
                for emoji, weight in known[language].vectors.get(normalize(word), {}).items():
                    total[emoji] += weight * (_SYNONYM if place else 1.0)
        for emoji, weight in unit(total).items():
            by_emoji[emoji].append((row["concept"], weight))
    return by_emoji


def matches(vector: Mapping[str, float], of: Concepts) -> list[tuple[str, float]]:
    """The concepts a word is near to, nearest first: those almost as near as the first."""
    scores: dict[str, float] = defaultdict(float)
    for emoji, weight in vector.items():
        for concept, other in of.get(emoji, ()):
            scores[concept] += weight * other
    ranked = sorted(((c, s) for c, s in scores.items() if s >= CUTOFF), key=lambda pair: (-pair[1], pair[0]))
    return [(c, round(s, 2)) for c, s in ranked[:_MOST] if s >= _NEAR * ranked[0][1]]


def understood(words: Words, of: Concepts) -> dict[str, Any]:
    """One language's part: concepts by word, and the word that is nearest to each concept."""
    meanings = {key: found for key, vector in sorted(words.vectors.items()) if (found := matches(vector, of))}
    best: dict[str, tuple[str, float]] = {}
    for key, found in meanings.items():
        for concept, score in found[:1]:
            if score > best.get(concept, ("", 0.0))[1]:
                best[concept] = (words.written[key], score)
    return {"words": meanings, "names": dict(sorted(best.items()))}


def write(target: Path, parts: Mapping[str, Any]) -> None:
    """A member a language, so that only what is asked for is read; the same parts give the same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            text = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
            info = zipfile.ZipInfo(name, _NO_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text, compresslevel=9)


def report(rows: Sequence[Row], known: Mapping[str, Words]) -> None:
    """How well a language would be understood if nobody had written its words by hand."""
    written = [c for c in rows[0] if c not in _COLUMNS]
    for language in written:
        of = concepts(rows, known, (other for other in written if other != language))
        asked = [(row["concept"], normalize(row[language].split("|")[0])) for row in rows]
        vectors = known[language].vectors
        found = [(concept, matches(vectors[word], of)) for concept, word in asked if word in vectors]
        sure = [(concept, m[0][0]) for concept, m in found if m]
        right = sum(concept == first for concept, first in sure)
        print(f"{language}: {len(sure)} of {len(asked)} display words understood, {right / len(sure):.0%} of them right")


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=Path(tempfile.gettempdir()), help="where npm packages are kept")
    parser.add_argument("--target", type=Path, default=DEFAULT_PATH)
    parser.add_argument("--report", action="store_true", help="measure instead of building")
    options = parser.parse_args()
    known = read(options.packages)
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    if options.report:
        report(rows, known)
        return
    of = concepts(rows, known, (c for c in rows[0] if c not in _COLUMNS))
    manifest = {"source": f"Unicode CLDR annotations, by the npm package {PACKAGE}", "licence": "Unicode-3.0"}
    write(options.target, {MANIFEST: manifest} | {tag: understood(words, of) for tag, words in known.items()})
    print(f"{options.target.name}: {len(known)} languages, {options.target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
