"""Builds `synonyms.zip`: `python -m ingest.words.build`.

A word matches a concept by the cosine similarity of their emoji; the emoji of a concept are those of its table words in
twelve languages (docs/words.md). Needs npm; the output is reproducible. `--report` leaves out each table language in turn
and measures how well its words are recognized.
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
"""Minimum cosine; above it, 92 % of the matches are correct (`--report`)."""
_NEAR: Final = 0.85
_SYNONYM: Final = 0.5
_MOST: Final = 3
_NO_DATE: Final = (1980, 1, 1, 0, 0, 0)
_COLUMNS: Final = frozenset({"concept", "emoji"})

Row = Mapping[str, str]
Concepts = Mapping[str, Sequence[tuple[str, float]]]
"""Vectors of concepts: weights by emoji."""


def concepts(rows: Sequence[Row], known: Mapping[str, Words], languages: Iterable[str]) -> Concepts:
    """The vector of each concept, from its table words in these languages."""
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
    """The concepts most similar to a word, best first, including those almost as similar as the first."""
    scores: dict[str, float] = defaultdict(float)
    for emoji, weight in vector.items():
        for concept, other in of.get(emoji, ()):
            scores[concept] += weight * other
    ranked = sorted(((c, s) for c, s in scores.items() if s >= CUTOFF), key=lambda pair: (-pair[1], pair[0]))
    return [(c, round(s, 2)) for c, s in ranked[:_MOST] if s >= _NEAR * ranked[0][1]]


def understood(words: Words, of: Concepts) -> dict[str, Any]:
    """The data of one language: concepts by word, and the most similar word of each concept."""
    meanings = {key: found for key, vector in sorted(words.vectors.items()) if (found := matches(vector, of))}
    best: dict[str, tuple[str, float]] = {}
    for key, found in meanings.items():
        for concept, score in found[:1]:
            if score > best.get(concept, ("", 0.0))[1]:
                best[concept] = (words.written[key], score)
    return {"words": meanings, "names": dict(sorted(best.items()))}


def write(target: Path, parts: Mapping[str, Any]) -> None:
    """Write a zip member per language, so that only used languages are read; the output is deterministic."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, part in parts.items():
            text = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
            info = zipfile.ZipInfo(name, _NO_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text, compresslevel=9)


def report(rows: Sequence[Row], known: Mapping[str, Words]) -> None:
    """Measure the accuracy for a language if it had no column in the table."""
    written = [c for c in rows[0] if c not in _COLUMNS]
    for language in written:
        of = concepts(rows, known, (other for other in written if other != language))
        pairs = [(row["concept"], normalize(row[language].split("|")[0])) for row in rows]
        vectors = known[language].vectors
        found = [(concept, matches(vectors[word], of)) for concept, word in pairs if word in vectors]
        sure = [(concept, m[0][0]) for concept, m in found if m]
        right = sum(concept == first for concept, first in sure)
        print(f"{language}: {len(sure)} of {len(pairs)} display words recognized, {right / len(sure):.0%} of them correct")


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, default=Path(tempfile.gettempdir()), help="where npm packages are cached")
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
