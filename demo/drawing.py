"""Draws the pictures of the demo from the labels and the time of a photo, deterministically."""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from demo.scenery import SCENERY, Canvas
from pictures.size_ladder import Size

_NOON = 13


class Subject(NamedTuple):
    """The seed, the concepts in descending order of confidence, and the local hour of a drawing."""

    seed: str
    concepts: Sequence[str]
    hour: int = _NOON


def draw(subject: Subject, size: Size) -> Image.Image:
    """The drawing in exactly this size; its content does not depend on the size."""
    scale = 2 if max(size) <= 1_300 else 1  # noqa: PLR2004  (drawn larger and then reduced, for soft edges)
    large = Size(size.width * scale, size.height * scale)
    random = Random(subject.seed)  # noqa: S311  (a drawing, not a secret)
    present = set(subject.concepts)
    sky = _sky(present, subject.hour, random)
    ground = Image.fromarray(_gradient(large, *sky.colors))
    canvas = Canvas(ImageDraw.Draw(ground), large, random, dark=sky.dark, horizon=random.uniform(0.45, 0.62))
    _lights(canvas, sky)
    for paint in _painters(subject.concepts):
        paint(canvas)
    picture = ground if scale == 1 else ground.resize(size, Image.Resampling.BOX)
    return _grained(picture.filter(ImageFilter.GaussianBlur(0.4)) if max(size) > 200 else picture, subject.seed)  # noqa: PLR2004


class _Sky(NamedTuple):
    colors: tuple[tuple[int, int, int], tuple[int, int, int]]
    dark: bool
    sun: bool


def _sky(present: set[str], hour: int, random: Random) -> _Sky:
    shift = random.uniform(-0.03, 0.03)
    if present & {"night", "lights", "concert", "fireworks", "star"} or hour >= 21 or hour < 6:  # noqa: PLR2004
        return _Sky((_hsv(0.65 + shift, 0.75, 0.12), _hsv(0.72 + shift, 0.55, 0.32)), dark=True, sun=False)
    if "sunset" in present or hour >= 19:  # noqa: PLR2004
        return _Sky((_hsv(0.62 + shift, 0.45, 0.55), _hsv(0.07 + shift, 0.75, 0.98)), dark=False, sun=True)
    if present & {"rain", "umbrella", "snow", "winter", "cloud"}:
        return _Sky((_hsv(0.58 + shift, 0.18, 0.70), _hsv(0.57 + shift, 0.08, 0.90)), dark=False, sun=False)
    return _Sky((_hsv(0.58 + shift, 0.62, 0.85), _hsv(0.54 + shift, 0.22, 0.98)), dark=False, sun=True)


def _lights(canvas: Canvas, sky: _Sky) -> None:
    at = canvas.random.uniform(0.15, 0.85), canvas.random.uniform(0.10, 0.30)
    if sky.dark:
        for _ in range(40):
            canvas.disc(canvas.random.random(), canvas.random.random() * 0.5, 0.0015, (235, 235, 220))
        canvas.disc(*at, 0.035, (240, 236, 210))
    elif sky.sun:
        canvas.disc(*at, 0.05, (255, 240, 200))


def _painters(concepts: Sequence[str]) -> list[Callable[[Canvas], None]]:
    """The painters in descending order of distance. Without a ground concept, grass is added."""
    known = {SCENERY[c] for c in concepts if c in SCENERY}
    chosen = sorted(known, key=lambda s: (s.distance, s.paint.__name__), reverse=True)
    painters = [s.paint for s in chosen]
    grounds = any(s.ground for s in chosen)
    return painters if grounds else [SCENERY["grass"].paint, *painters]


def _hsv(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _gradient(size: Size, top: Sequence[int], bottom: Sequence[int]) -> NDArray[np.uint8]:
    down = np.linspace(0, 1, size.height)[:, None, None]
    row = np.array(top)[None, None] * (1 - down) + np.array(bottom)[None, None] * down
    return np.broadcast_to(row, (size.height, size.width, 3)).astype(np.uint8)


def _grained(picture: Image.Image, seed: str) -> Image.Image:
    """Adds noise like that of a sensor, so that the picture compresses like a photo."""
    if max(picture.size) <= 200:  # noqa: PLR2004  (the noise is invisible in small pictures)
        return picture
    noise = np.random.default_rng(abs(hash_of(seed))).normal(0, 3.0, (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def hash_of(seed: str) -> int:
    """A number for a seed that is the same in every process."""
    return int.from_bytes(seed.encode()[:8].ljust(8, b"\0"), "big")
