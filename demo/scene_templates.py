"""The scenes of the demo, with their concepts in descending order of confidence and their hours of the day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """Keys of the label table. The first has the highest confidence; the others are sometimes absent."""

    labels: tuple[str, ...]
    hours: tuple[int, int] = (9, 18)
    keywords: tuple[str, ...] = ()


SCENES: dict[str, Scene] = {
    "beach": Scene(("beach", "sea", "sand", "sky", "swimming"), (10, 19), ("summer",)),
    "sea": Scene(("sea", "sky", "boat"), (8, 20)),
    "boat": Scene(("boat", "water", "sea"), (9, 18)),
    "sunset": Scene(("sunset", "sky", "cloud"), (18, 20)),
    "city": Scene(("city", "building", "street", "sky")),
    "street": Scene(("street", "building", "car", "cycling")),
    "architecture": Scene(("building", "monument", "sky")),
    "museum": Scene(("museum", "art", "statue"), (10, 17)),
    "night": Scene(("night", "city", "street"), (21, 23)),
    "food": Scene(("food", "restaurant", "table"), (12, 21)),
    "market": Scene(("market", "fruit", "street"), (8, 13)),
    "church": Scene(("church", "monument", "building")),
    "temple": Scene(("temple", "monument", "garden")),
    "castle": Scene(("castle", "monument", "sky")),
    "ruins": Scene(("ruins", "monument", "sky")),
    "bridge": Scene(("bridge", "river", "sky")),
    "river": Scene(("river", "water", "tree")),
    "train": Scene(("train", "street")),
    "mountain": Scene(("mountain", "sky", "snow", "cloud")),
    "hike": Scene(("hiking", "mountain", "forest"), (7, 16), ("walk",)),
    "lake": Scene(("lake", "water", "mountain")),
    "forest": Scene(("forest", "tree"), (8, 17)),
    "flowers": Scene(("flower", "garden", "tree")),
    "garden": Scene(("garden", "flower", "tree")),
    "waterfall": Scene(("waterfall", "water", "forest")),
    "volcano": Scene(("volcano", "mountain", "cloud")),
    "desert": Scene(("desert", "sand", "sky"), (7, 19)),
    "snow": Scene(("snow", "winter", "tree")),
    "skiing": Scene(("skiing", "snow", "mountain"), (9, 16), ("winter",)),
    "rain": Scene(("rain", "umbrella", "street")),
    "safari": Scene(("animal", "grass", "tree"), (6, 18)),
    "elephant": Scene(("elephant", "animal", "grass"), (6, 18)),
    "camel": Scene(("animal", "desert", "sand")),
    "penguin": Scene(("penguin", "bird", "beach")),
    "bird": Scene(("bird", "animal", "sky")),
    "cat": Scene(("cat", "animal")),
    "dog": Scene(("dog", "animal", "grass")),
    "birthday": Scene(("birthday", "cake", "candle", "party"), (15, 20), ("family",)),
    "christmas": Scene(("christmas", "tree", "gift"), (10, 21), ("family",)),
    "baby": Scene(("baby", "child"), (8, 19), ("family",)),
    "playground": Scene(("playground", "child", "grass"), (10, 18)),
    "school": Scene(("school", "child", "building"), (8, 9)),
    "cooking": Scene(("kitchen", "food", "bread"), (11, 20)),
    "wedding": Scene(("wedding", "flower", "church", "party"), (11, 22), ("family",)),
    "concert": Scene(("concert", "music", "night"), (20, 23)),
    "football": Scene(("football", "sport", "grass"), (10, 18)),
    "festival": Scene(("lights", "candle", "night"), (18, 22), ("family",)),
    "document": Scene(("document",), (9, 21)),
}
HOME_SCENES = (
    "dog", "dog", "cooking", "playground", "garden", "food", "cat", "football", "flowers", "street", "rain", "concert",
)  # fmt: skip
