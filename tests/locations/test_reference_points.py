"""Accuracy on two sets of points: one used for tuning and one that was not."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from datasources.locations.gazetteer import Gazetteer
from datasources.locations.port import Point

BARS = {"country": 0.99, "region": 0.96, "city": 0.88}
# Sources write Tunis, Tunis Governorate, Western, Western Province: the same region.
_LEVEL_WORDS = re.compile(
    r"\b(governorate|province|region|district|municipality|urban|department|county|prefecture|state|city|parish|of)\b|\(.*\)"
)


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(__file__).with_name(f"{name}.csv").read_text("utf-8").splitlines()))


def same(said: str, accepted: str) -> bool:
    """Whether the name is one of the accepted ones, without the word for its level."""
    return any(_bare(said) == _bare(name) for name in accepted.split("|"))


def _bare(name: str) -> str:
    return " ".join(_LEVEL_WORDS.sub(" ", name.casefold()).split()) or name.casefold()


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.open()


async def levels(gazetteer: Gazetteer, row: dict[str, str]) -> dict[str, str]:
    (place_id,) = await gazetteer.resolve([Point(float(row["latitude"]), float(row["longitude"]))])
    if place_id is None:
        return dict.fromkeys(BARS, "none")
    record = (await gazetteer.by_ids([place_id]))[place_id]
    line = [*record.ancestors, place_id]
    names = await gazetteer.names(line, ["en"])
    region = next((names[part].text for part in line if "." in part), "")
    city = next((names[part].text for part in line if part.startswith("gn:")), "")
    return {"country": record.country_code, "region": region, "city": city}


@pytest.mark.parametrize("level", BARS)
@pytest.mark.parametrize("points", ["truth", "fresh"])
async def test_enough_of_the_points_lie_where_we_say(gazetteer: Gazetteer, points: str, level: str) -> None:
    located = [row for row in rows(points) if row[level] and row["country"]]
    wrong = [(row, said) for row in located if not same((said := await levels(gazetteer, row))[level], row[level])]
    assert len(located) >= 60
    assert 1 - len(wrong) / len(located) >= BARS[level], wrong


async def test_the_open_sea_and_the_poles_are_no_place(gazetteer: Gazetteer) -> None:
    sea = [Point(float(r["latitude"]), float(r["longitude"])) for r in rows("fresh") if r["city"] == "none"]
    assert len(sea) >= 12
    assert set(await gazetteer.resolve(sea)) == {None}
