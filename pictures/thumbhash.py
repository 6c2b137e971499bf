"""ThumbHash, a blurred placeholder of about 25 bytes (Evan Wallace, https://evanw.github.io/thumbhash/).

Only opaque pictures are supported: transparent ones are decoded onto a white background.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_SIDE: Final = 100
"""The largest side that the format allows. A third of it is used, which is sufficient for 7 frequencies."""
_USED_SIDE: Final = 32
_WAVES: Final = 7
Floats = NDArray[np.float64]


class _Channel(NamedTuple):
    constant: float
    waves: Floats
    scale: float


def thumbhash(picture: Image.Image) -> bytes:
    """The hash of an RGB picture of any size."""
    small = picture.copy()
    small.thumbnail((_USED_SIDE, _USED_SIDE), Image.Resampling.BOX)
    return of_pixels(np.asarray(small.convert("RGB"), dtype=np.float64) / 255.0)


def of_pixels(rgb: Any) -> bytes:
    """The hash of an array of rows of pixels with channels from 0 to 1."""
    height, width = rgb.shape[:2]
    longer = max(width, height)
    across, down = (max(1, _round(_WAVES * side / longer)) for side in (width, height))
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    light = _channel((red + green + blue) / 3, max(3, across), max(3, down))
    yellow = _channel((red + green) / 2 - blue, 3, 3)
    reddish = _channel(red - green, 3, 3)
    wide = width > height
    first = _round(63 * light.constant) | _round(31.5 + 31.5 * yellow.constant) << 6
    first |= _round(31.5 + 31.5 * reddish.constant) << 12 | _round(31 * light.scale) << 18
    second = (down if wide else across) | _round(63 * yellow.scale) << 3 | _round(63 * reddish.scale) << 9 | wide << 15
    waves = [_round(15 * w) for c in (light, yellow, reddish) for w in c.waves]
    packed = [low | high << 4 for low, high in zip(waves[::2], [*waves[1::2], 0], strict=False)]
    return b"".join((first.to_bytes(3, "little"), second.to_bytes(2, "little"), bytes(packed)))


def _channel(values: Floats, across: int, down: int) -> _Channel:
    """The low frequencies of the cosine transform in the order of the format, scaled to 0 to 1."""
    height, width = values.shape
    table = _cosines(height, down) @ values @ _cosines(width, across).T / (width * height)
    corner = [(y, x) for y in range(down) for x in range(across) if x * down < across * (down - y)]
    waves = np.array([table[y, x] for y, x in corner[1:]])
    scale = float(np.abs(waves).max(initial=0.0))
    return _Channel(float(table[0, 0]), 0.5 + 0.5 / scale * waves if scale else waves, scale)


@lru_cache(maxsize=256)
def _cosines(length: int, waves: int) -> Floats:
    cosines: Floats = np.cos(np.pi / length * np.outer(np.arange(waves), np.arange(length) + 0.5))
    return cosines


def _round(value: float) -> int:
    """Rounds halves up, as the reference implementation does."""
    return int(np.floor(value + 0.5))
