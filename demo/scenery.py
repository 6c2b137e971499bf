"""The painters of the demo's drawings: each draws a concept from simple shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from PIL import ImageDraw

from pictures.size_ladder import Size

Color = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture to draw on. Positions are fractions of its sides, radii fractions of its shorter side."""

    draw: ImageDraw.ImageDraw
    size: Size
    random: Random
    dark: bool
    horizon: float

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """A filled circle."""
        r, (w, h) = radius * min(self.size), self.size
        self.draw.ellipse((x * w - r, y * h - r, x * w + r, y * h + r), fill=self.shade(color))

    def shape(self, points: Sequence[Point], color: Color) -> None:
        """A filled polygon."""
        w, h = self.size
        self.draw.polygon([(x * w, y * h) for x, y in points], fill=self.shade(color))

    def box(self, left: float, top: float, right: float, bottom: float, color: Color) -> None:
        """A filled rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], color)

    def shade(self, color: Color) -> Color:
        """The color, darker at night."""
        if not self.dark:
            return color
        red, green, blue = color
        return (red * 2 // 5, green * 2 // 5, blue // 2)

    def between(self, low: float, high: float) -> float:
        """A random number."""
        return self.random.uniform(low, high)

    def pick(self, *colors: Color) -> Color:
        """A random choice."""
        return self.random.choice(colors)


class Element(NamedTuple):
    """A painter, the distance of its subject (0 to 9), and whether the subject is a ground."""

    paint: Callable[[Canvas], None]
    distance: int
    ground: bool = False


def _ridge(c: Canvas, top: float, rough: float, color: Color, steps: int = 14) -> None:
    points = [(i / steps, top + c.between(-rough, rough)) for i in range(steps + 1)]
    c.shape([(0, 1), *points, (1, 1)], color)


def sea(c: Canvas) -> None:
    """Water to the horizon, with waves."""
    c.box(0, c.horizon, 1, 1, c.pick((28, 107, 160), (34, 130, 150), (50, 120, 175)))
    for _ in range(36):
        x, y = c.random.random(), c.between(c.horizon + 0.02, 1)
        c.box(x, y, x + c.between(0.02, 0.10), y + 0.004, (150, 205, 220))


def lake(c: Canvas) -> None:
    """Still water."""
    c.box(0, c.horizon + 0.08, 1, 1, c.pick((70, 140, 170), (60, 120, 140)))
    c.box(0, c.horizon + 0.12, 1, c.horizon + 0.125, (190, 220, 230))


def river(c: Canvas) -> None:
    """A river that widens to the front."""
    grass(c)
    bend = c.between(0.35, 0.65)
    c.shape([(bend, c.horizon), (bend + 0.04, c.horizon), (0.85, 1), (0.2, 1)], (80, 145, 180))


def sand(c: Canvas) -> None:
    """A beach in front, or dunes."""
    top = min(c.horizon + 0.22, 0.86)
    _ridge(c, top, 0.02, c.pick((226, 202, 150), (232, 212, 170), (214, 184, 130)), 6)


def grass(c: Canvas) -> None:
    """A meadow."""
    c.box(0, c.horizon, 1, 1, c.pick((104, 152, 72), (120, 164, 80), (88, 140, 78)))
    for _ in range(60):
        x, y = c.random.random(), c.between(c.horizon, 1)
        c.shape([(x, y), (x + 0.004, y - 0.02), (x + 0.008, y)], (70, 120, 55))


def snow(c: Canvas) -> None:
    """White ground, flakes in the air."""
    _ridge(c, c.horizon + 0.05, 0.03, (238, 242, 248), 8)
    for _ in range(50):
        c.disc(c.random.random(), c.random.random(), 0.004, (255, 255, 255))


def mountain(c: Canvas) -> None:
    """Peaks with snow."""
    for layer, color in enumerate(((120, 130, 155), (92, 104, 128))):
        for _ in range(3):
            x, top = c.between(0, 1), c.between(0.14, 0.30) + layer * 0.12
            wide, foot = c.between(0.25, 0.45), c.horizon + 0.08
            c.shape([(x - wide, foot), (x, top), (x + wide, foot)], color)
            cut = 0.22
            left, right = (x - wide * cut, top + (foot - top) * cut), (x + wide * cut, top + (foot - top) * cut)
            c.shape([left, (x, top), right, (x, top + 0.05)], (245, 247, 250))


def volcano(c: Canvas) -> None:
    """One cone, smoking."""
    x = c.between(0.35, 0.65)
    c.shape([(x - 0.5, c.horizon + 0.1), (x - 0.06, 0.25), (x + 0.06, 0.25), (x + 0.5, c.horizon + 0.1)], (96, 78, 80))
    for i in range(6):
        c.disc(x + 0.03 * i, 0.24 - 0.03 * i, 0.04 + 0.008 * i, (205, 205, 210))


def forest(c: Canvas) -> None:
    """Many trees."""
    c.box(0, c.horizon, 1, 1, (84, 110, 62))
    for i in range(16):
        _fir(c, c.random.random(), c.horizon + 0.06 + i * 0.02, 0.25 + i * 0.008)


def tree(c: Canvas) -> None:
    """One tree."""
    x, foot = c.between(0.1, 0.9), c.horizon + 0.16
    c.box(x - 0.012, foot - 0.2, x + 0.012, foot, (98, 72, 50))
    for _ in range(5):
        c.disc(x + c.between(-0.06, 0.06), foot - 0.24 + c.between(-0.07, 0.07), 0.09, c.pick((62, 118, 60), (80, 134, 66)))


def flower(c: Canvas) -> None:
    """A bed of flowers in front."""
    hues = ((214, 64, 92), (236, 178, 60), (170, 92, 190), (250, 250, 245), (240, 120, 70))
    for _ in range(44):
        x, y = c.random.random(), c.between(0.72, 0.98)
        color = c.pick(*hues)
        for turn in range(5):
            angle = turn * 2 * math.pi / 5
            c.disc(x + 0.012 * math.cos(angle), y + 0.012 * math.sin(angle), 0.012, color)
        c.disc(x, y, 0.008, (245, 205, 70))


def city(c: Canvas) -> None:
    """Houses in a row, windows lit at night."""
    x = -0.05
    while x < 1:
        wide, top = c.between(0.07, 0.16), c.between(0.25, 0.5)
        c.box(x, top, x + wide, 1, c.pick((152, 140, 130), (172, 118, 92), (120, 124, 140), (196, 180, 150)))
        _windows(c, x, top, wide)
        x += wide
    street(c)


def street(c: Canvas) -> None:
    """A street in front."""
    c.box(0, 0.86, 1, 1, (92, 92, 96))
    for i in range(6):
        c.box(0.04 + i * 0.17, 0.925, 0.12 + i * 0.17, 0.935, (225, 222, 205))


def monument(c: Canvas) -> None:
    """Columns under a gable."""
    x, top, color = c.between(0.25, 0.45), c.between(0.30, 0.38), c.pick((214, 204, 184), (196, 176, 150))
    c.shape([(x - 0.02, top), (x + 0.15, top - 0.12), (x + 0.32, top)], color)
    c.box(x - 0.01, top, x + 0.31, top + 0.04, color)
    for i in range(5):
        c.box(x + 0.01 + i * 0.062, top + 0.04, x + 0.035 + i * 0.062, 0.80, color)
    c.box(x - 0.04, 0.80, x + 0.34, 0.86, color)


def church(c: Canvas) -> None:
    """A nave and a tower."""
    x, wall = c.between(0.3, 0.5), c.pick((222, 214, 200), (190, 168, 140))
    c.box(x, 0.5, x + 0.3, 0.85, wall)
    c.shape([(x - 0.02, 0.5), (x + 0.15, 0.38), (x + 0.32, 0.5)], (140, 74, 60))
    c.box(x - 0.1, 0.32, x, 0.85, wall)
    c.shape([(x - 0.11, 0.32), (x - 0.05, 0.12), (x + 0.01, 0.32)], (110, 70, 66))


def bridge(c: Canvas) -> None:
    """Arches over water."""
    y = c.horizon + 0.02
    c.box(0, y, 1, y + 0.06, (150, 134, 116))
    for i in range(5):
        c.box(0.08 + i * 0.2, y, 0.12 + i * 0.2, y + 0.25, (150, 134, 116))


def boat(c: Canvas) -> None:
    """A sail."""
    x, y = c.between(0.2, 0.8), c.horizon + c.between(0.04, 0.16)
    c.shape([(x - 0.08, y), (x + 0.08, y), (x + 0.05, y + 0.04), (x - 0.05, y + 0.04)], c.pick((150, 52, 48), (60, 70, 110)))
    c.shape([(x, y - 0.01), (x, y - 0.2), (x + 0.08, y - 0.01)], (248, 246, 238))


def food(c: Canvas) -> None:
    """A plate on a table, seen from above."""
    c.box(0, 0, 1, 1, c.pick((150, 104, 70), (186, 150, 112), (120, 88, 70)))
    for i in range(7):
        c.box(0, i / 7, 1, i / 7 + 0.004, (110, 76, 52))
    x, y = c.between(0.42, 0.58), c.between(0.42, 0.58)
    c.disc(x, y, 0.34, (246, 244, 238))
    c.disc(x, y, 0.27, (232, 228, 220))
    for _ in range(26):
        away, angle = c.between(0, 0.16), c.between(0, 6.3)
        spot = (x + away * math.cos(angle), y + away * math.sin(angle))
        c.disc(
            *spot, c.between(0.03, 0.07), c.pick((196, 70, 46), (232, 186, 84), (104, 146, 62), (240, 222, 170), (150, 84, 46))
        )


def cake(c: Canvas) -> None:
    """A cake with candles."""
    food_table(c)
    c.box(0.28, 0.55, 0.72, 0.80, (244, 214, 200))
    c.box(0.28, 0.55, 0.72, 0.61, (222, 108, 128))
    for i in range(c.random.randint(3, 8)):
        x = 0.31 + i * 0.055
        c.box(x, 0.44, x + 0.012, 0.55, c.pick((90, 150, 210), (240, 190, 70)))
        c.disc(x + 0.006, 0.42, 0.016, (255, 214, 110))


def food_table(c: Canvas) -> None:
    """A room with a table."""
    room(c)
    c.box(0.05, 0.78, 0.95, 1, (142, 98, 66))


def room(c: Canvas) -> None:
    """Indoors: a wall, a floor, a picture."""
    c.box(0, 0, 1, 1, c.pick((226, 210, 184), (190, 204, 200), (212, 190, 190)))
    c.box(0, 0.78, 1, 1, (160, 124, 90))
    x = c.between(0.1, 0.6)
    c.box(x, 0.14, x + 0.26, 0.42, (92, 70, 52))
    c.box(x + 0.02, 0.165, x + 0.24, 0.395, c.pick((90, 140, 160), (196, 150, 90), (120, 90, 130)))


def person(c: Canvas) -> None:
    """One to three people in front."""
    for _ in range(c.random.randint(1, 3)):
        x, tall = c.between(0.15, 0.85), c.between(0.34, 0.46)
        _figure(c, x, 1 - tall, tall)


def child(c: Canvas) -> None:
    """A child."""
    _figure(c, c.between(0.25, 0.75), 0.74, 0.26)


def animal(c: Canvas) -> None:
    """An animal on four legs."""
    x, y, fur = c.between(0.3, 0.6), c.between(0.66, 0.74), c.pick((150, 104, 64), (90, 80, 76), (214, 190, 150), (60, 54, 52))
    w, h = c.size
    c.draw.ellipse(((x - 0.14) * w, (y - 0.09) * h, (x + 0.14) * w, (y + 0.09) * h), fill=c.shade(fur))
    c.disc(x + 0.16, y - 0.09, 0.075, fur)
    c.shape([(x + 0.11, y - 0.13), (x + 0.13, y - 0.22), (x + 0.16, y - 0.14)], fur)
    for leg in (-0.11, -0.05, 0.05, 0.10):
        c.box(x + leg, y + 0.04, x + leg + 0.025, y + 0.19, fur)
    c.disc(x + 0.18, y - 0.10, 0.010, (20, 20, 20))


def bird(c: Canvas) -> None:
    """A few birds in the air."""
    for _ in range(7):
        x, y, s = c.random.random(), c.between(0.08, 0.4), c.between(0.015, 0.035)
        c.shape([(x - s, y - s * 0.6), (x, y), (x + s, y - s * 0.6), (x, y + s * 0.25)], (60, 62, 70))


def party(c: Canvas) -> None:
    """Balloons and confetti."""
    for _ in range(8):
        color = c.pick((214, 64, 92), (80, 150, 210), (240, 190, 70), (120, 180, 90), (170, 92, 190))
        x, y = c.random.random(), c.between(0.08, 0.42)
        c.box(x - 0.001, y, x + 0.001, y + 0.18, (150, 150, 150))
        c.disc(x, y, 0.055, color)


def lights(c: Canvas) -> None:
    """Lamps in the dark."""
    for _ in range(40):
        x, y = c.random.random(), c.between(0.1, 0.8)
        c.draw.ellipse(_around(c, x, y, c.between(0.006, 0.02)), fill=c.pick((255, 214, 120), (255, 150, 90), (160, 210, 255)))


def wheels(c: Canvas) -> None:
    """A car."""
    x, y, color = c.between(0.2, 0.6), 0.8, c.pick((190, 50, 46), (60, 90, 150), (230, 230, 228), (50, 56, 60))
    c.box(x - 0.14, y, x + 0.16, y + 0.09, color)
    c.shape([(x - 0.08, y), (x - 0.04, y - 0.08), (x + 0.07, y - 0.08), (x + 0.11, y)], color)
    for wheel in (-0.08, 0.09):
        c.disc(x + wheel, y + 0.10, 0.045, (30, 30, 32))


def umbrella(c: Canvas) -> None:
    """An umbrella, and rain."""
    for _ in range(90):
        x, y = c.random.random(), c.random.random()
        c.shape([(x, y), (x + 0.002, y), (x - 0.006, y + 0.05)], (196, 206, 220))
    x, w, h = c.between(0.3, 0.7), *c.size
    box = ((x - 0.18) * w, 0.45 * h, (x + 0.18) * w, 0.8 * h)
    c.draw.pieslice(box, 180, 360, fill=c.shade(c.pick((200, 56, 60), (60, 110, 170), (240, 190, 70))))
    c.box(x - 0.004, 0.6, x + 0.004, 0.92, (70, 60, 56))


def _fir(c: Canvas, x: float, foot: float, tall: float) -> None:
    c.box(x - 0.008, foot - 0.03, x + 0.008, foot + 0.02, (84, 62, 46))
    for i in range(3):
        wide, top = tall * (0.30 - i * 0.07), foot - tall * (0.35 + i * 0.27)
        c.shape([(x - wide, top + tall * 0.36), (x, top), (x + wide, top + tall * 0.36)], c.pick((44, 92, 58), (58, 106, 62)))


def _windows(c: Canvas, left: float, top: float, wide: float) -> None:
    for row in range(8):
        for column in range(3):
            x, y = left + wide * (0.14 + column * 0.28), top + 0.04 + row * 0.075
            lit = c.random.random() < 0.5  # noqa: PLR2004  (one in two)
            color = (255, 222, 140) if c.dark and lit else (74, 84, 100)
            c.draw.rectangle(_corners(c, x, y, x + wide * 0.16, y + 0.04), fill=color)


def _figure(c: Canvas, x: float, top: float, tall: float) -> None:
    skin = c.pick((236, 196, 164), (198, 150, 112), (140, 98, 70), (250, 216, 190))
    clothes = c.pick((196, 60, 70), (62, 104, 160), (240, 200, 90), (80, 130, 90), (90, 80, 120), (230, 226, 218))
    head = tall * 0.13
    c.shape([(x - head, 1), (x - head * 0.9, top + tall * 0.3), (x + head * 0.9, top + tall * 0.3), (x + head, 1)], clothes)
    c.disc(x, top + tall * 0.16, head, skin)
    c.disc(x, top + tall * 0.10, head * 0.85, c.pick((60, 42, 34), (120, 84, 50), (30, 28, 30), (190, 150, 90)))
    c.disc(x, top + tall * 0.19, head * 0.82, skin)


def _around(c: Canvas, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    r, (w, h) = radius * min(c.size), c.size
    return (x * w - r, y * h - r, x * w + r, y * h + r)


def _corners(c: Canvas, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    w, h = c.size
    return (left * w, top * h, right * w, bottom * h)


_TALL, _INDOORS = 5, 9
SCENERY: Mapping[str, Element] = {
    **dict.fromkeys(("sea", "swimming", "surfing", "diving", "island", "coast"), Element(sea, 7, ground=True)),
    **dict.fromkeys(("lake", "water"), Element(lake, 6, ground=True)),
    **dict.fromkeys(("river", "waterfall", "canal"), Element(river, 6, ground=True)),
    **dict.fromkeys(("beach", "sand", "desert"), Element(sand, 4, ground=True)),
    **dict.fromkeys(("grass", "park", "garden", "football", "playground", "field", "picnic"), Element(grass, 7, ground=True)),
    **dict.fromkeys(("snow", "winter", "skiing"), Element(snow, 6, ground=True)),
    **dict.fromkeys(("mountain", "hiking"), Element(mountain, 8)),
    "volcano": Element(volcano, 8),
    "forest": Element(forest, 6, ground=True),
    "tree": Element(tree, 3),
    "flower": Element(flower, 2),
    **dict.fromkeys(("city", "building", "school", "market", "train"), Element(city, 7, ground=True)),
    "street": Element(street, 6, ground=True),
    **dict.fromkeys(("monument", "temple", "ruins", "statue", "castle"), Element(monument, _TALL)),
    "church": Element(church, _TALL),
    "bridge": Element(bridge, 4),
    "boat": Element(boat, 3),
    **dict.fromkeys(("food", "bread", "fruit"), Element(food, _INDOORS, ground=True)),
    **dict.fromkeys(("cake", "candle", "birthday"), Element(cake, _INDOORS, ground=True)),
    **dict.fromkeys(
        ("table", "kitchen", "museum", "art", "cat", "baby", "gift", "christmas"), Element(room, _INDOORS, ground=True)
    ),
    **dict.fromkeys(("person", "wedding", "concert", "music"), Element(person, 1)),
    "child": Element(child, 1),
    **dict.fromkeys(("animal", "dog", "elephant", "penguin", "horse"), Element(animal, 2)),
    "bird": Element(bird, 5),
    "party": Element(party, 1),
    **dict.fromkeys(("lights", "fireworks"), Element(lights, 2)),
    **dict.fromkeys(("car", "cycling"), Element(wheels, 2)),
    **dict.fromkeys(("umbrella", "rain"), Element(umbrella, 1)),
}
"""The elements by the concepts of the label table."""
