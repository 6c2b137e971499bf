"""ThumbHash placeholders, compared with the reference implementation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from demo.drawing import Subject, draw
from pictures.size_ladder import Size
from pictures.thumbhash import of_pixels, thumbhash

# From `rgbaToThumbHash` of the npm package thumbhash 0.1.1 on the same pixels.
REFERENCE = {
    (32, 24): "9d08061d865364b85066886286267784355fffce6c",
    (20, 32): "5e080614085506666a8664476868333fcdfd8c",
    (7, 7): "10c90a2f0e6068786269798887677888877707f546305807",
}


@pytest.mark.parametrize("size", REFERENCE)
def test_the_hash_equals_that_of_the_reference_implementation(size: tuple[int, int]) -> None:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    rgb = np.dstack([(x * 37 + y * 11) % 256, (x * x + y * 5) % 256, (y * y * 3 + x) % 256]) / 255
    assert of_pixels(rgb).hex() == REFERENCE[size]


@pytest.mark.parametrize("size", [(1, 1), (1, 4_000), (4_000, 1), (3, 2), (600, 400)])
def test_the_length_of_a_hash_is_bounded(size: tuple[int, int]) -> None:
    assert 5 < len(thumbhash(Image.new("RGB", size, (10, 200, 90)))) <= 30


def test_drawings_depend_on_the_photo_and_not_on_the_size() -> None:
    subject = Subject("0123456789abcdef" * 2, ("sea", "boat", "person"), 12)
    assert draw(subject, Size(64, 48)).tobytes() == draw(subject, Size(64, 48)).tobytes()
    large = draw(subject, Size(640, 480)).resize((32, 24), Image.Resampling.BOX)
    small = draw(subject, Size(32, 24))
    assert np.abs(np.asarray(large, dtype=float) - np.asarray(small, dtype=float)).mean() < 12
    other = draw(Subject("f" * 32, subject.concepts, 12), Size(32, 24))
    assert np.abs(np.asarray(other, dtype=float) - np.asarray(small, dtype=float)).mean() > 12


def test_drawings_depend_on_the_concepts_and_the_hour() -> None:
    def light(concept: str, hour: int) -> NDArray[np.float64]:
        made = [draw(Subject(f"{n:032x}", (concept,), hour), Size(40, 30)) for n in range(6)]
        mean: NDArray[np.float64] = np.mean([np.asarray(m, dtype=float) for m in made], axis=0)
        return mean

    night, day, sea, forest = light("city", 23), light("city", 12), light("sea", 12), light("forest", 12)
    assert night[:8].mean() < 80 < day[:8].mean()
    assert sea[-5:, :, 2].mean() > sea[-5:, :, 0].mean() + 40
    assert forest[-5:, :, 1].mean() > forest[-5:, :, 2].mean() + 20
