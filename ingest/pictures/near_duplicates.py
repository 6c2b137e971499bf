"""Finds near-duplicates among the photos of one owner. The fingerprints of all of them are in memory during an import.

Pairs are found at import and stored with both photos, so that reading them needs one batch by key. The hashes of a new picture
are compared with all hashes of the owner in one vectorized step (`benchmarks/duplicates.py`), and then the sketches of the
nearest ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datasources.tables.pictures import Shown
from pictures.likeness import CROPS, MAX_HASH_DISTANCE, bits, is_near_duplicate

_MAX_CANDIDATES: Final = 200


class NearDuplicates:
    """The fingerprints of the pictures of one owner."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._sketches: list[bytes] = []
        self._hashes: NDArray[np.uint64] = np.empty((256, len(CROPS)), dtype=np.uint64)
        self._same: dict[str, list[str]] = {}

    def add(self, photo: str, original: str | None, shown: Shown | None) -> None:
        """Adds a picture; without a fingerprint only its file is compared."""
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
        """The other photos with the same file, then the near-duplicates in order of distance."""
        found = dict.fromkeys(self._same.get(original, ()) if original else ())
        if shown is not None and shown.hashes and self._ids:
            for at in self._near(bits(shown.hashes)):
                if is_near_duplicate(shown.sketch, self._sketches[at]):
                    found.setdefault(self._ids[at])
        found.pop(photo, None)
        return list(found)

    def _near(self, hashes: NDArray[np.uint64]) -> list[int]:
        """Indexes of candidates in order of distance, with either picture as the cropped one."""
        known = self._hashes[: len(self._ids)]
        nearest = np.minimum(
            np.bitwise_count(known ^ hashes[0]).min(axis=1),
            np.bitwise_count(known[:, :1] ^ hashes).min(axis=1),
        )
        close = np.nonzero(nearest <= MAX_HASH_DISTANCE)[0]
        return [int(i) for i in close[np.argsort(nearest[close], kind="stable")][:_MAX_CANDIDATES]]
