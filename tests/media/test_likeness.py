"""Near-duplicate detection."""

from __future__ import annotations

import pytest
from PIL import Image

from benchmarks.duplicates import measure, samples, shown, strangers
from ingest.pictures.near_duplicates import NearDuplicates
from pictures.likeness import difference, fingerprint_of, is_near_duplicate


@pytest.mark.slow
def test_variants_are_detected_among_unrelated_pictures() -> None:
    """`python -m benchmarks.duplicates` tests a thousand pictures."""
    for name, score in measure([*strangers(90), *samples()]).items():
        assert score.recall >= 0.95, name
        assert score.precision >= 0.98, name


def test_a_sketch_matches_only_itself() -> None:
    prints = [fingerprint_of(p) for p in strangers(6)]
    for n, one in enumerate(prints):
        assert difference(one.sketch, one.sketch) < 0.08
        assert not any(is_near_duplicate(one.sketch, other.sketch) for other in prints[n + 1 :])


def test_a_picture_without_contrast_matches_no_other() -> None:
    flat = shown(Image.new("RGB", (300, 200), (90, 120, 140)))
    known = NearDuplicates()
    known.add("one", None, flat)
    assert known.of("two", None, flat) == []
    known.add("three", "same-bytes", flat)
    assert known.of("two", "same-bytes", flat) == ["three"]


def test_the_array_of_hashes_grows() -> None:
    known, prints = NearDuplicates(), [shown(p) for p in strangers(4)]
    for n in range(700):
        known.add(str(n), None, prints[n % 4])
    assert set(known.of("new", None, prints[1])) <= {str(n) for n in range(700) if n % 4 == 1}
    assert len(known.of("new", None, prints[1])) == 175
