"""When two files show the same picture: scaled, compressed anew, slightly cropped.

A print is two things. **Hashes** find candidates: 64 bits each, the signs of a cosine transform's low corner (as pHash has
it), of the whole picture and of its likely crops, so that a cropped copy meets the hash of that crop. A **sketch** of 32 by
32 pixels decides: the one is laid over the other in every likely position and must fit. A hash alone cannot do both: at a
distance that survives a crop it takes strangers for twins (benchmarks/duplicates.py).
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
"""Left, top, right, bottom as parts of the whole; the first is the whole."""
FARTHEST: Final = 16
"""Bits that hashes of the same picture may differ by to be looked at."""
WORST: Final = 0.21
"""The difference that may be left when two sketches lie over each other, in parts of their contrast."""
_STEP: Final = 0.025
_COLORS: Final = 45.0
"""Colors are compared cell by cell without being laid over: a crop shifts them, so they count little."""
_FLAT: Final = 4.0
"""Contrast below which a picture has nothing to be known by."""
Grid = NDArray[np.float32]
Bits = NDArray[np.uint64]


class Print(NamedTuple):
    """What a picture is known by: 88 bytes of hashes, the whole picture's first, and 1,152 of sketch."""

    hashes: bytes
    sketch: bytes


def print_of(picture: Image.Image) -> Print:
    """The print of an RGB picture."""
    seen = picture.resize((_SEEN, _SEEN), Image.Resampling.BOX)
    light = np.asarray(seen.convert("L"), dtype=np.float32)
    hashes = np.array(_hashes(light), dtype="<u8")
    small = seen.convert("YCbCr")
    fine = np.asarray(small.getchannel(0).resize((_FINE, _FINE), Image.Resampling.BOX))
    coarse = [np.asarray(small.getchannel(c).resize((_COARSE, _COARSE), Image.Resampling.BOX)) for c in (1, 2)]
    return Print(hashes.tobytes(), b"".join(part.tobytes() for part in (fine, *coarse)))


def bits(hashes: bytes) -> Bits:
    """The hashes as numbers."""
    return np.frombuffer(hashes, dtype="<u8")


def same(one: bytes, other: bytes) -> bool:
    """Whether two sketches show the same picture, one of them perhaps cropped."""
    return difference(one, other) < WORST


def difference(one: bytes, other: bytes) -> float:
    """What is left when the sketches lie over each other as well as they can, light and colors."""
    a, b = _light(one), _light(other)
    contrast = min(float(a.std()), float(b.std()))
    if contrast < _FLAT:
        return 1.0
    left = min(_least(a, b), _least(b, a)) / contrast
    return max(left, float(np.abs(_colors(one) - _colors(other)).mean()) / _COLORS)


def _least(whole: Grid, part: Grid) -> float:
    """The root mean square difference between `part` and the best of the places in `whole` that it may have been cut from."""
    laid = _CUTS[:, None] @ (whole @ _CUTS.transpose(0, 2, 1))[None]
    return float(np.sqrt(((laid - part) ** 2).mean(axis=(2, 3))).min())


def _light(sketch: bytes) -> Grid:
    """Softened: half a cell's shift must not count as a difference."""
    sharp = np.frombuffer(sketch, dtype=np.uint8, count=_FINE * _FINE).reshape(_FINE, _FINE).astype(np.float32)
    softened: Grid = (_SOFT @ sharp @ _SOFT.T).astype(np.float32)
    return softened


def _colors(sketch: bytes) -> Grid:
    return np.frombuffer(sketch, dtype=np.uint8, offset=_FINE * _FINE).astype(np.float32)


def _hashes(light: Grid) -> list[int]:
    """Of each crop: shrinking it and taking its waves are products with fixed tables, the first one for all crops at once."""
    rows = _WAVES.reshape(-1, _SEEN) @ light
    by_stretch = rows.reshape(len(_WAVES), -1, _SEEN)
    return [_hash(by_stretch[down] @ _WAVES[across].T) for down, across in _STRETCHED]


def _hash(waves: Grid) -> int:
    lowest = waves[_LOWEST]
    return int(np.packbits(lowest > np.median(lowest)).view(">u8")[0])


def _cosines() -> Grid:
    made = np.cos(np.pi / _FINE * np.outer(np.arange(_FINE), np.arange(_FINE) + 0.5))
    return made.astype(np.float32)


def _lowest() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the 64 longest waves stand: those that a crop changes least. The mean is no wave."""
    order = sorted(((y, x) for y in range(_FINE) for x in range(_FINE)), key=lambda at: (at[0] + at[1], abs(at[0] - at[1]), at))
    rows, columns = zip(*order[1:65], strict=True)
    return np.array(rows), np.array(columns)


def _cuts() -> Grid:
    """For each stretch that a crop leaves of a side: how its 32 cells are made of the side's 32, by overlap."""
    edges = (0.0, _STEP, 2 * _STEP)
    return np.array([_cells(left * _FINE, (1 - right) * _FINE, _FINE) for left in edges for right in edges])


def _cells(start: float, end: float, of: int) -> Grid:
    """How the 32 cells of a stretch are made of a side's cells, by overlap."""
    size = (end - start) / _FINE
    low = (start + size * np.arange(_FINE))[:, None]
    overlap = np.minimum(np.arange(of) + 1, low + size) - np.maximum(np.arange(of), low)
    made: Grid = (np.clip(overlap, 0, None) / size).astype(np.float32)
    return made


def _waves() -> Grid:
    """For each stretch that a crop leaves of a side: the waves that a hash is of, straight from the side's pixels."""
    most = int(max(_LOWEST[0].max(), _LOWEST[1].max())) + 1
    return np.array([_COSINES[:most] @ _cells(start * _SEEN, end * _SEEN, _SEEN) for start, end in _STRETCHES])


def _soft() -> Grid:
    """Each cell with its neighbours, 1 : 2 : 1; at the edge, with itself."""
    made = np.zeros((_FINE, _FINE), dtype=np.float32)
    for i in range(_FINE):
        for neighbour, weight in ((i - 1, 1), (i, 2), (i + 1, 1)):
            made[i, min(max(neighbour, 0), _FINE - 1)] += weight / 4
    return made


_SOFT: Final = _soft()
_COSINES: Final = _cosines()
_LOWEST: Final = _lowest()
_CUTS: Final = _cuts()
_STRETCHES: Final = sorted({(c[side], c[side + 2]) for c in CROPS for side in (0, 1)})
_STRETCHED: Final = [(_STRETCHES.index((c[1], c[3])), _STRETCHES.index((c[0], c[2]))) for c in CROPS]
_WAVES: Final = _waves()
