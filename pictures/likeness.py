"""Detects near-duplicates: pictures that were scaled, compressed again or slightly cropped.

A fingerprint has two parts. Perceptual hashes find candidates: 64 bits each, the signs of the low frequencies of a cosine
transform (as in pHash), for the entire picture and for likely crops of it, one of which matches a cropped copy. A sketch of
32 by 32 pixels then decides: the sketches are compared in every likely alignment. Hashes alone are not sufficient: at a
distance that tolerates crops, they match unrelated pictures (benchmarks/duplicates.py).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_FINE: Final = 32
_COARSE: Final = 8
_SEEN: Final = 256
CROPS: Final = (
    (0.0, 0.0, 1.0, 1.0),
    (0.025, 0.025, 0.975, 0.975),
    (0.05, 0.05, 0.95, 0.95),
    (0.05, 0.0, 1.0, 1.0),
    (0.0, 0.0, 0.95, 1.0),
    (0.0, 0.05, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.95),
    (0.0, 0.0, 0.95, 0.95),
    (0.05, 0.0, 1.0, 0.95),
    (0.0, 0.05, 0.95, 1.0),
    (0.05, 0.05, 1.0, 1.0),
)
"""Left, top, right and bottom as fractions of the sides; the first is the entire picture."""
MAX_HASH_DISTANCE: Final = 16
"""The maximum number of different bits between the hashes of candidates."""
MAX_DIFFERENCE: Final = 0.21
"""The maximum difference of aligned sketches, relative to their contrast."""
_STEP: Final = 0.025
_COLORS: Final = 45.0
"""The scale of color differences. It is large, because colors are compared without alignment."""
_FLAT: Final = 4.0
"""The minimum contrast of pictures that are compared."""
Grid = NDArray[np.float32]
Bits = NDArray[np.uint64]


class Fingerprint(NamedTuple):
    """88 bytes of hashes, that of the entire picture first, and 1,152 bytes of the sketch."""

    hashes: bytes
    sketch: bytes


def fingerprint_of(picture: Image.Image) -> Fingerprint:
    """The fingerprint of an RGB picture."""
    scaled = picture.resize((_SEEN, _SEEN), Image.Resampling.BOX)
    light = np.asarray(scaled.convert("L"), dtype=np.float32)
    hashes = np.array(_hashes(light), dtype="<u8")
    small = scaled.convert("YCbCr")
    fine = np.asarray(small.getchannel(0).resize((_FINE, _FINE), Image.Resampling.BOX))
    coarse = [np.asarray(small.getchannel(c).resize((_COARSE, _COARSE), Image.Resampling.BOX)) for c in (1, 2)]
    return Fingerprint(hashes.tobytes(), b"".join(part.tobytes() for part in (fine, *coarse)))


def bits(hashes: bytes) -> Bits:
    """The hashes as an array of 64-bit numbers."""
    return np.frombuffer(hashes, dtype="<u8")


def is_near_duplicate(one: bytes, other: bytes) -> bool:
    """Whether two sketches show the same picture, of which one may be cropped."""
    return difference(one, other) < MAX_DIFFERENCE


def difference(one: bytes, other: bytes) -> float:
    """The difference of two sketches in their best alignment: the larger one of brightness and colors."""
    a, b = _light(one), _light(other)
    contrast = min(float(a.std()), float(b.std()))
    if contrast < _FLAT:
        return 1.0
    brightness = min(_min_difference(a, b), _min_difference(b, a)) / contrast
    return max(brightness, float(np.abs(_colors(one) - _colors(other)).mean()) / _COLORS)


def _min_difference(full: Grid, part: Grid) -> float:
    """The root mean square difference between `part` and the most similar crop of `full`."""
    crops = _CUTS[:, None] @ (full @ _CUTS.transpose(0, 2, 1))[None]
    return float(np.sqrt(((crops - part) ** 2).mean(axis=(2, 3))).min())


def _light(sketch: bytes) -> Grid:
    """The brightness of a sketch, blurred so that a shift by half a cell makes little difference."""
    sharp = np.frombuffer(sketch, dtype=np.uint8, count=_FINE * _FINE).reshape(_FINE, _FINE).astype(np.float32)
    softened: Grid = (_SOFT @ sharp @ _SOFT.T).astype(np.float32)
    return softened


def _colors(sketch: bytes) -> Grid:
    return np.frombuffer(sketch, dtype=np.uint8, offset=_FINE * _FINE).astype(np.float32)


def _hashes(light: Grid) -> list[int]:
    """The hash of each crop. Scaling and the cosine transform are products with constant matrices."""
    rows = _WAVES.reshape(-1, _SEEN) @ light
    by_stretch = rows.reshape(len(_WAVES), -1, _SEEN)
    return [_hash(by_stretch[down] @ _WAVES[across].T) for down, across in _STRETCHED]


def _hash(waves: Grid) -> int:
    lowest = waves[_LOWEST]
    return int(np.packbits(lowest > np.median(lowest)).view(">u8")[0])


def _cosines() -> Grid:
    cosines = np.cos(np.pi / _FINE * np.outer(np.arange(_FINE), np.arange(_FINE) + 0.5))
    return cosines.astype(np.float32)


def _lowest() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the 64 lowest frequencies, which crops change least, without the mean."""
    order = sorted(((y, x) for y in range(_FINE) for x in range(_FINE)), key=lambda at: (at[0] + at[1], abs(at[0] - at[1]), at))
    rows, columns = zip(*order[1:65], strict=True)
    return np.array(rows), np.array(columns)


def _cuts() -> Grid:
    """For each part of a side that a crop retains: the matrix that resamples it to 32 cells."""
    edges = (0.0, _STEP, 2 * _STEP)
    return np.array([_cells(left * _FINE, (1 - right) * _FINE, _FINE) for left in edges for right in edges])


def _cells(start: float, end: float, of: int) -> Grid:
    """The matrix that resamples a part of a side of `of` cells to 32 cells, by their overlap."""
    size = (end - start) / _FINE
    low = (start + size * np.arange(_FINE))[:, None]
    overlap = np.minimum(np.arange(of) + 1, low + size) - np.maximum(np.arange(of), low)
    matrix: Grid = (np.clip(overlap, 0, None) / size).astype(np.float32)
    return matrix


def _waves() -> Grid:
    """For each part of a side that a crop retains: the matrix from the pixels of the side to the frequencies of a hash."""
    most = int(max(_LOWEST[0].max(), _LOWEST[1].max())) + 1
    return np.array([_COSINES[:most] @ _cells(start * _SEEN, end * _SEEN, _SEEN) for start, end in _STRETCHES])


def _soft() -> Grid:
    """The matrix of a blur with the weights 1, 2, 1."""
    matrix = np.zeros((_FINE, _FINE), dtype=np.float32)
    for i in range(_FINE):
        for neighbor, weight in ((i - 1, 1), (i, 2), (i + 1, 1)):
            matrix[i, min(max(neighbor, 0), _FINE - 1)] += weight / 4
    return matrix


_SOFT: Final = _soft()
_COSINES: Final = _cosines()
_LOWEST: Final = _lowest()
_CUTS: Final = _cuts()
_STRETCHES: Final = sorted({(c[side], c[side + 2]) for c in CROPS for side in (0, 1)})
_STRETCHED: Final = [(_STRETCHES.index((c[1], c[3])), _STRETCHES.index((c[0], c[2]))) for c in CROPS]
_WAVES: Final = _waves()
