"""Measures recall and precision of the near-duplicate detection: `python -m benchmarks.duplicates [count]`.

The unrelated pictures are generated: drawings of scenes, noise with the spectrum of photos, shapes and gradients; and the files
in the folder `PHOTO_SAMPLES`, if it is set. Variants are a quarter of the size, JPEG quality 40, and crops of 5 %.
"""

from __future__ import annotations

import io
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from datasources.tables.pictures import Shown
from demo.drawing import Subject, draw
from demo.scene_templates import SCENES
from ingest.pictures.near_duplicates import NearDuplicates
from pictures.likeness import fingerprint_of
from pictures.size_ladder import Size

SIZE = Size(400, 300)
Picture = Image.Image


class Score(NamedTuple):
    """The part of the near-duplicates that was found, and the part of the results that are near-duplicates."""

    recall: float
    precision: float


def strangers(count: int, seed: int = 1) -> Iterator[Picture]:
    makers = (_scene, _cloud, _shapes, _cloud, _shapes, _gradient)
    for n in range(count):
        yield makers[n % len(makers)](seed * 1_000_000 + n)


def samples() -> Iterator[Picture]:
    folder = os.environ.get("PHOTO_SAMPLES")
    for path in sorted(Path(folder).glob("*.jpg")) if folder else ():
        yield Image.open(path).convert("RGB")


def _scene(seed: int) -> Picture:
    rng = random.Random(seed)
    scene = SCENES[rng.choice(sorted(SCENES))]
    concepts = (*scene.labels, *rng.sample(["person", "bird", "tree", "boat", "flower"], 2))
    return draw(Subject(f"{seed:032x}", concepts, rng.randint(*scene.hours)), SIZE)


def _cloud(seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(SIZE.height)[:, None], np.fft.rfftfreq(SIZE.width)[None]
    frequencies = np.sqrt(down**2 + across**2)
    frequencies[0, 0] = 1
    waves = [np.fft.irfft2(np.fft.rfft2(rng.normal(size=SIZE[::-1])) / frequencies ** rng.uniform(0.9, 1.8)) for _ in range(3)]
    light, *colors = [(w - w.mean()) / w.std() for w in waves]
    layers = [128 + 45 * (0.9 * light + 0.4 * c) for c in (colors[0], -colors[0], colors[1])]
    return Image.fromarray(np.clip(np.dstack(layers), 0, 255).astype(np.uint8))


def _shapes(seed: int) -> Picture:
    rng = random.Random(seed)
    canvas = Image.new("RGB", SIZE, _color(rng))
    drawing = ImageDraw.Draw(canvas)
    for _ in range(rng.randint(3, 14)):
        x, y, r = rng.randrange(SIZE.width), rng.randrange(SIZE.height), rng.randrange(15, 140)
        shape = drawing.ellipse if rng.random() < 0.5 else drawing.rectangle
        shape((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=_color(rng))
    return canvas.filter(ImageFilter.GaussianBlur(rng.uniform(0, 3)))


def _gradient(seed: int) -> Picture:
    rng = np.random.default_rng(seed)
    corners = Image.fromarray(rng.integers(0, 255, (3, 4, 3), dtype=np.uint8))
    smooth = np.asarray(corners.resize(SIZE, Image.Resampling.BICUBIC)) + rng.normal(0, 3, (*SIZE[::-1], 1))
    return Image.fromarray(np.clip(smooth, 0, 255).astype(np.uint8))


def _color(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)


def quarter(picture: Picture, _: random.Random) -> Picture:
    return picture.resize((max(picture.width // 4, 1), max(picture.height // 4, 1)), Image.Resampling.LANCZOS)


def recompressed(picture: Picture, _: random.Random) -> Picture:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=40)
    return Image.open(out).convert("RGB")


def cropped(picture: Picture, rng: random.Random) -> Picture:
    """The picture without 5 % of each side, at a random position."""
    left, top = rng.uniform(0, 0.05), rng.uniform(0, 0.05)
    w, h = picture.size
    return picture.crop((round(left * w), round(top * h), round((left + 0.95) * w), round((top + 0.95) * h)))


def framed(picture: Picture, _: random.Random) -> Picture:
    """The picture without 5 % at every edge."""
    w, h = picture.size
    return picture.crop((round(0.05 * w), round(0.05 * h), round(0.95 * w), round(0.95 * h)))


VARIANTS: dict[str, Callable[[Picture, random.Random], Picture]] = {
    "25 % size": quarter,
    "quality 40": recompressed,
    "5 % crop": cropped,
    "5 % from every edge": framed,
}


def shown(picture: Picture) -> Shown:
    fingerprint = fingerprint_of(picture)
    return Shown(b"", fingerprint.hashes, fingerprint.sketch)


def measure(pictures: Sequence[Picture], seed: int = 3) -> dict[str, Score]:
    """The score of each variant, and of all of them including the comparisons of unrelated pictures with each other."""
    index, rng, false_pairs = NearDuplicates(), random.Random(seed), 0
    for n, picture in enumerate(pictures):
        seen = shown(picture)
        false_pairs += len(index.of(str(n), None, seen))
        index.add(str(n), None, seen)
    scores, hits, found = {}, 0, false_pairs
    for name, variant in VARIANTS.items():
        results = [index.of("variant", None, shown(variant(p, rng))) for p in pictures]
        correct = sum(str(n) in t for n, t in enumerate(results))
        scores[name] = Score(correct / len(pictures), correct / max(sum(map(len, results)), 1))
        hits, found = hits + correct, found + sum(map(len, results))
    return {**scores, "all, including unrelated pairs": Score(hits / len(pictures) / len(VARIANTS), hits / found)}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    pictures = [*strangers(count), *samples()]
    start_s = time.perf_counter()
    for name, score in measure(pictures).items():
        print(f"{name:38} recall {score.recall:.4f}  precision {score.precision:.4f}")
    print(f"{len(pictures):,} pictures, {(time.perf_counter() - start_s) / len(pictures) / 5 * 1_000:.1f} ms per picture")
    full = NearDuplicates()
    noise = np.random.default_rng(1)
    for n in range(100_000):
        full.add(str(n), None, Shown(b"", noise.bytes(88), b"\0" * 1_152))
    start_s = time.perf_counter()
    for picture in pictures[:20]:
        full.of("x", None, shown(picture))
    print(f"among 100,000: {(time.perf_counter() - start_s) / 20 * 1_000:.0f} ms")


if __name__ == "__main__":
    main()
