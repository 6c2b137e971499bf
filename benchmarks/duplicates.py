"""How well the same picture is known again among strangers: `python -m benchmarks.duplicates [count]`.

Strangers are made: drawings of scenes, clouds of noise with the spectrum of photos, shapes and soft gradients; and the files of
`PHOTO_SAMPLES`, where it names a folder. Variants are a quarter of the size, quality 40, and crops of 5 %.
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
    """Of all that should have been found, how many were; of all that were found, how many should have been."""

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
    chance = random.Random(seed)
    scene = SCENES[chance.choice(sorted(SCENES))]
    concepts = (*scene.labels, *chance.sample(["person", "bird", "tree", "boat", "flower"], 2))
    return draw(Subject(f"{seed:032x}", concepts, chance.randint(*scene.hours)), SIZE)


def _cloud(seed: int) -> Picture:
    chance = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(SIZE.height)[:, None], np.fft.rfftfreq(SIZE.width)[None]
    fall = np.sqrt(down**2 + across**2)
    fall[0, 0] = 1
    waves = [np.fft.irfft2(np.fft.rfft2(chance.normal(size=SIZE[::-1])) / fall ** chance.uniform(0.9, 1.8)) for _ in range(3)]
    light, *colors = [(w - w.mean()) / w.std() for w in waves]
    layers = [128 + 45 * (0.9 * light + 0.4 * c) for c in (colors[0], -colors[0], colors[1])]
    return Image.fromarray(np.clip(np.dstack(layers), 0, 255).astype(np.uint8))


def _shapes(seed: int) -> Picture:
    chance = random.Random(seed)
    made = Image.new("RGB", SIZE, _color(chance))
    drawing = ImageDraw.Draw(made)
    for _ in range(chance.randint(3, 14)):
        x, y, r = chance.randrange(SIZE.width), chance.randrange(SIZE.height), chance.randrange(15, 140)
        shape = drawing.ellipse if chance.random() < 0.5 else drawing.rectangle
        shape((x - r, y - r * 0.7, x + r, y + r * 0.7), fill=_color(chance))
    return made.filter(ImageFilter.GaussianBlur(chance.uniform(0, 3)))


def _gradient(seed: int) -> Picture:
    chance = np.random.default_rng(seed)
    corners = Image.fromarray(chance.integers(0, 255, (3, 4, 3), dtype=np.uint8))
    smooth = np.asarray(corners.resize(SIZE, Image.Resampling.BICUBIC)) + chance.normal(0, 3, (*SIZE[::-1], 1))
    return Image.fromarray(np.clip(smooth, 0, 255).astype(np.uint8))


def _color(chance: random.Random) -> tuple[int, int, int]:
    return chance.randrange(256), chance.randrange(256), chance.randrange(256)


def quarter(picture: Picture, _: random.Random) -> Picture:
    return picture.resize((max(picture.width // 4, 1), max(picture.height // 4, 1)), Image.Resampling.LANCZOS)


def recompressed(picture: Picture, _: random.Random) -> Picture:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=40)
    return Image.open(out).convert("RGB")


def cropped(picture: Picture, chance: random.Random) -> Picture:
    """5 % of each side, cut somewhere."""
    left, top = chance.uniform(0, 0.05), chance.uniform(0, 0.05)
    w, h = picture.size
    return picture.crop((round(left * w), round(top * h), round((left + 0.95) * w), round((top + 0.95) * h)))


def framed(picture: Picture, _: random.Random) -> Picture:
    """5 % from every edge."""
    w, h = picture.size
    return picture.crop((round(0.05 * w), round(0.05 * h), round(0.95 * w), round(0.95 * h)))


VARIANTS: dict[str, Callable[[Picture, random.Random], Picture]] = {
    "25 % size": quarter,
    "quality 40": recompressed,
    "5 % crop": cropped,
    "5 % from every edge": framed,
}


def shown(picture: Picture) -> Shown:
    known = fingerprint_of(picture)
    return Shown(b"", known.hashes, known.sketch)


def measure(pictures: Sequence[Picture], seed: int = 3) -> dict[str, Score]:
    """For each variant: is the original among its twins, and is nobody else? And of the pictures among themselves."""
    known, chance, strays = NearDuplicates(), random.Random(seed), 0
    for n, picture in enumerate(pictures):
        print_ = shown(picture)
        strays += len(known.of(str(n), None, print_))
        known.add(str(n), None, print_)
    scores, hits, found = {}, 0, strays
    for name, variant in VARIANTS.items():
        twins = [known.of("variant", None, shown(variant(p, chance))) for p in pictures]
        right = sum(str(n) in t for n, t in enumerate(twins))
        scores[name] = Score(right / len(pictures), right / max(sum(map(len, twins)), 1))
        hits, found = hits + right, found + sum(map(len, twins))
    return {**scores, "all, strangers among themselves too": Score(hits / len(pictures) / len(VARIANTS), hits / found)}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    pictures = [*strangers(count), *samples()]
    begun = time.perf_counter()
    for name, score in measure(pictures).items():
        print(f"{name:38} recall {score.recall:.4f}  precision {score.precision:.4f}")
    print(
        f"{len(pictures):,} pictures, {(time.perf_counter() - begun) / len(pictures) / 5 * 1_000:.1f} ms each print and look-up"
    )
    full = NearDuplicates()
    noise = np.random.default_rng(1)
    for n in range(100_000):
        full.add(str(n), None, Shown(b"", noise.bytes(88), b"\0" * 1_152))
    begun = time.perf_counter()
    for picture in pictures[:20]:
        full.of("x", None, shown(picture))
    print(f"among 100,000: {(time.perf_counter() - begun) / 20 * 1_000:.0f} ms")


if __name__ == "__main__":
    main()
