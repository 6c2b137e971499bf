"""The three households of the demo: their people, cameras and trips."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the pictures; `since` is the year of birth of a child."""

    key: str
    name: str
    since: int = 1900


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, the years of its use, and the metadata that it writes. `lens_mm` is its focal length."""

    make: str
    model: str
    lens: str | None
    years: tuple[int, int]
    pixels: tuple[int, int]
    lens_mm: float
    aperture: float
    prefix: str
    ending: str
    knows_place: bool = True
    knows_zone: bool = True


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip with its album, its places in order, and the language of its captions."""

    album: str
    title: str
    start: date
    days: int
    spots: tuple[str, ...]
    language: str
    people: tuple[str, ...] = ()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Life:
    """A household: its people, homes, cameras and trips."""

    external_id: str
    display_name: str
    languages: tuple[str, ...]
    homes: tuple[tuple[date, str], ...]
    people: tuple[Person, ...]
    cameras: tuple[Camera, ...]
    trips: tuple[Trip, ...]
    birthdays: tuple[tuple[int, int, str], ...]
    """Month, day and person."""
    part: float
    """The fraction of all photos of the demo."""


def _phone(model: str, years: tuple[int, int], pixels: tuple[int, int], mm: float, f: float) -> Camera:
    ending = "HEIC" if years[0] >= 2018 else "JPG"  # noqa: PLR2004  (the year this phone's pictures changed format)
    return Camera("Apple", model, f"{model} back camera {mm}mm f/{f}", years, pixels, mm, f, "IMG_", ending)


_SONY = Camera("SONY", "ILCE-7M3", "FE 24-105mm F4 G OSS", (2018, 2026), (6000, 4000), 50, 4, "DSC0", "JPG", False, False)
_FUJI = Camera("FUJIFILM", "X-T4", "XF16-55mmF2.8 R LM WR", (2020, 2026), (6240, 4160), 35, 2.8, "DSCF", "JPG", False, True)
_COMPACT = Camera("Canon", "Canon PowerShot S120", None, (2014, 2018), (4000, 3000), 9, 2.8, "IMG_", "JPG", False, False)
_PIXEL = Camera("Google", "Pixel 6", "Pixel 6 back camera 6.81mm f/1.85", (2021, 2026), (4080, 3072), 6.81, 1.85, "PXL_", "jpg")
_GALAXY = Camera("samsung", "SM-G930F", None, (2015, 2021), (4032, 3024), 4.2, 1.7, "", "jpg", True, True)
_ACTION = Camera("GoPro", "HERO9 Black", None, (2021, 2026), (5184, 3888), 3, 2.5, "GOPR", "JPG")

ANA = Life(
    external_id="ana",
    display_name="Ana Moretti",
    languages=("it", "en", "de"),
    homes=((date(2014, 10, 1), "berlin"), (date(2017, 9, 1), "rome")),
    people=(
        Person("ana", "Ana Moretti"),
        Person("luca", "Luca Moretti"),
        Person("giulia", "Giulia Moretti", 2016),
        Person("tommaso", "Tommaso Moretti", 2019),
        Person("nonna-rosa", "Nonna Rosa"),
        Person("karl", "Karl Lindner"),
        Person("kenji", "Kenji Sato", 2018),
        Person("yuki", "Yuki Sato", 2018),
    ),
    cameras=(
        _phone("iPhone 6", (2014, 2018), (3264, 2448), 4.15, 2.2),
        _COMPACT,
        _phone("iPhone XS", (2018, 2022), (4032, 3024), 4.25, 1.8),
        _SONY,
        _phone("iPhone 15 Pro", (2023, 2026), (5712, 4284), 6.86, 1.78),
    ),
    trips=(
        Trip("2015-sardegna", "Sardegna 2015", date(2015, 8, 3), 12, ("cagliari", "villasimius"), "it", ("luca",)),
        Trip("2016-paris", "Paris im Frühling", date(2016, 4, 15), 4, ("paris",), "de", ("luca",)),
        Trip("2016-cortina", "Capodanno a Cortina", date(2016, 12, 28), 6, ("cortina",), "it", ("luca", "giulia")),
        Trip("2017-portugal", "Lisboa e Porto", date(2017, 6, 10), 9, ("lisbon", "porto"), "it", ("luca", "giulia")),
        Trip(
            "2018-japan",
            "Giappone",
            date(2018, 3, 24),
            16,
            ("tokyo", "hakone", "kyoto", "hiroshima", "tokyo"),
            "it",
            ("luca", "giulia", "kenji", "yuki"),
            1.6,
        ),
        Trip("2019-nepal", "Nepal", date(2019, 2, 9), 11, ("kathmandu", "pokhara", "kathmandu"), "en", ("luca",)),
        Trip("2019-new-york", "New York & Washington", date(2019, 8, 17), 9, ("newyork", "washington"), "en", ("luca", "giulia")),
        Trip(
            "2019-wedding",
            "Matrimonio di Chiara e Karl",
            date(2019, 9, 21),
            2,
            ("matera",),
            "it",
            ("luca", "giulia", "tommaso", "nonna-rosa", "karl"),
            3,
        ),
        Trip("2021-sicilia", "Sicilia", date(2021, 7, 5), 12, ("etna", "siracusa"), "it", ("luca", "giulia", "tommaso")),
        Trip(
            "2022-iceland",
            "Iceland ring road",
            date(2022, 6, 18),
            10,
            ("reykjavik", "vik", "jokulsarlon"),
            "en",
            ("luca", "giulia", "tommaso"),
            1.4,
        ),
        Trip(
            "2023-patagonia", "Patagonia", date(2023, 1, 4), 14, ("buenosaires", "calafate", "buenosaires"), "es", ("luca",), 1.2
        ),
        Trip("2023-marrakech", "Marrakech und die Wüste", date(2023, 10, 20), 7, ("marrakech", "merzouga"), "de", ("karl",)),
        Trip(
            "2024-pacific",
            "Across the Pacific",
            date(2024, 7, 20),
            24,
            ("sydney", "adelaide", "auckland", "rotorua", "apia", "pagopago", "honolulu"),
            "en",
            ("luca", "giulia", "tommaso", "kenji", "yuki"),
            1.5,
        ),
        Trip(
            "2025-south-africa",
            "Sudafrica",
            date(2025, 6, 14),
            13,
            ("capetown", "boulders", "kruger"),
            "it",
            ("luca", "giulia", "tommaso"),
            1.2,
        ),
        Trip("2026-cortina", "Settimana bianca", date(2026, 2, 14), 7, ("cortina",), "it", ("luca", "giulia", "tommaso")),
        Trip(
            "2026-sardegna",
            "Sardegna, undici anni dopo",
            date(2026, 8, 1),
            14,
            ("villasimius", "cagliari"),
            "it",
            ("luca", "giulia", "tommaso", "nonna-rosa"),
        ),
    ),
    birthdays=((3, 9, "giulia"), (5, 27, "ana"), (9, 30, "tommaso"), (11, 18, "nonna-rosa")),
    part=0.7,
)
KENJI = Life(
    external_id="kenji",
    display_name="Kenji Sato",
    languages=("ja", "en"),
    homes=((date(2015, 3, 1), "tokyo"), (date(2019, 4, 1), "auckland")),
    people=(
        Person("kenji", "佐藤健二"),
        Person("yuki", "佐藤ゆき"),
        Person("hana", "佐藤花", 2020),
        Person("ana", "Ana Moretti", 2018),
        Person("grandma", "おばあちゃん"),
    ),
    cameras=(_GALAXY, _FUJI, _PIXEL),
    trips=(
        Trip("2016-kyoto", "京都の秋", date(2016, 11, 19), 4, ("kyoto",), "ja", ("yuki",)),
        Trip("2017-california", "California road trip", date(2017, 5, 1), 9, ("sanfrancisco", "yosemite"), "en", ("yuki",)),
        Trip("2020-queenstown", "クイーンズタウン", date(2020, 8, 8), 6, ("queenstown",), "ja", ("yuki",)),
        Trip("2022-chatham", "Chatham Islands", date(2022, 11, 25), 6, ("chatham",), "en", ("yuki", "hana")),
        Trip("2023-fiji", "フィジー", date(2023, 9, 23), 8, ("suva",), "ja", ("yuki", "hana")),
        Trip("2024-with-ana", "アナたちと", date(2024, 7, 29), 5, ("auckland", "rotorua"), "ja", ("yuki", "hana", "ana")),
        Trip("2025-japan", "里帰り", date(2025, 4, 1), 12, ("tokyo", "hiroshima", "kyoto"), "ja", ("yuki", "hana", "grandma")),
    ),
    birthdays=((1, 22, "hana"), (6, 6, "kenji")),
    part=1300 / 6000,
)
PRIYA = Life(
    external_id="priya",
    display_name="Priya Raghavan",
    languages=("hi", "en", "fr"),
    homes=((date(2018, 1, 1), "bengaluru"),),
    people=(
        Person("priya", "Priya Raghavan"),
        Person("arjun", "Arjun Raghavan"),
        Person("meera", "मीरा"),
        Person("dadi", "दादी"),
    ),
    cameras=(_GALAXY, _ACTION, _PIXEL),
    trips=(
        Trip("2019-hampi", "Hampi", date(2019, 1, 26), 3, ("hampi",), "en", ("arjun",)),
        Trip("2020-goa", "गोवा", date(2020, 1, 11), 5, ("goa",), "hi", ("arjun", "meera")),
        Trip("2022-rajasthan", "ताज और जयपुर", date(2022, 12, 17), 8, ("agra", "jaipur"), "hi",
             ("arjun", "meera", "dadi")),
        Trip("2023-sri-lanka", "Sri Lanka", date(2023, 7, 8), 8, ("colombo", "kandy"), "en", ("arjun", "meera")),
        Trip("2024-edinburgh", "Edinburgh in the rain", date(2024, 8, 10), 4, ("edinburgh",), "en", ("meera",)),
        Trip("2025-istanbul", "Istanbul, entre deux mers", date(2025, 5, 3), 6, ("istanbul",), "fr", ("arjun",)),
        Trip("2026-newfoundland", "Terre-Neuve", date(2026, 6, 20), 7, ("stjohns",), "fr", ("arjun", "meera")),
    ),
    birthdays=((10, 2, "meera"), (12, 5, "arjun")),
    part=500 / 6000,
)  # fmt: skip
LIVES = (ANA, KENJI, PRIYA)
