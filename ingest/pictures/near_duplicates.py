"""Which photos of one owner show the same picture: hashes of all of them in memory for one import, and whom they meet.

Pairs are found when a picture comes in and are kept with both, so that reading them is one batch by key. A hash is compared
with all of the owner's in one vectorised step (`benchmarks/duplicates.py`); sketches of the few that come near decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasources.tables.pictures import Shown
from pictures.likeness import CROPS, FARTHEST, bits, same

_MOST_COMPARED: Final = 200


class NearDuplicates:
    """The pictures of one owner."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._sketches: list[bytes] = []
        self._hashes: NDArray[np.uint64] = np.empty((256, len(CROPS)), dtype=np.uint64)
        self._same: dict[str, list[str]] = {}

    def add(self, photo: str, original: str | None, shown: Shown | None) -> None:
        """One more picture; by its file alone where it cannot be shown."""
        if original is not None:
            self._same.setdefault(original, []).append(photo)
        if shown is None or not shown.hashes:
            return
        count = len(self._ids)
        if count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[count] = bits(shown.hashes)
        self._ids.append(photo)
        self._sketches.append(shown.sketch)

    def of(self, photo: str, original: str | None, shown: Shown | None) -> Sequence[str]:
        """The others that show the same, nearest first."""
        found = dict.fromkeys(self._same.get(original, ()) if original else ())
        if shown is not None and shown.hashes and self._ids:
            for at in self._near(bits(shown.hashes)):
                if same(shown.sketch, self._sketches[at]):
                    found.setdefault(self._ids[at])
        found.pop(photo, None)
        return list(found)

    def _near(self, hashes: NDArray[np.uint64]) -> list[int]:
        """Whole against crops, both ways: either may be the one that was cropped."""
        known = self._hashes[: len(self._ids)]
        nearest = np.minimum(
            np.bitwise_count(known ^ hashes[0]).min(axis=1),
            np.bitwise_count(known[:, :1] ^ hashes).min(axis=1),
        )
        close = np.nonzero(nearest <= FARTHEST)[0]
        return [int(i) for i in close[np.argsort(nearest[close], kind="stable")][:_MOST_COMPARED]]
