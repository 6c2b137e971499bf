"""The same picture is known again, scaled, compressed or cropped, and strangers are not taken for it."""

from __future__ import annotations

import pytest
from PIL import Image

from benchmarks.duplicates import measure, samples, shown, strangers
from ingest.pictures.near_duplicates import NearDuplicates
from pictures.likeness import difference, print_of, same


@pytest.mark.slow
def test_variants_are_known_again_among_strangers() -> None:
    """`python -m benchmarks.duplicates` does the same among a thousand."""
    for name, score in measure([*strangers(90), *samples()]).items():
        assert score.recall >= 0.95, name
        assert score.precision >= 0.98, name


def test_a_sketch_lies_over_itself_and_not_over_others() -> None:
    prints = [print_of(p) for p in strangers(6)]
    for n, one in enumerate(prints):
        assert difference(one.sketch, one.sketch) < 0.08
        assert not any(same(one.sketch, other.sketch) for other in prints[n + 1 :])


def test_a_picture_with_nothing_in_it_is_like_no_other() -> None:
    flat = shown(Image.new("RGB", (300, 200), (90, 120, 140)))
    known = NearDuplicates()
    known.add("one", None, flat)
    assert known.of("two", None, flat) == []
    known.add("three", "same-bytes", flat)
    assert known.of("two", "same-bytes", flat) == ["three"]


def test_more_pictures_than_the_table_began_with_are_all_known() -> None:
    known, prints = NearDuplicates(), [shown(p) for p in strangers(4)]
    for n in range(700):
        known.add(str(n), None, prints[n % 4])
    assert set(known.of("new", None, prints[1])) <= {str(n) for n in range(700) if n % 4 == 1}
    assert len(known.of("new", None, prints[1])) == 175
