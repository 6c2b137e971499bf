"""Checks that the field `weather` works: run in a copy of the repository to which `add_field` was applied."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from schema.build import build
from tests.exporting.makers import customer_of, exported, imported
from tests.requests.harness import Gateway, opened

QUERY = "{ photos(first: 5) { nodes { weather caption } } }"
EXPECTED = {"photos": {"nodes": [{"weather": "Light rain", "caption": "Harbour"}]}}


async def answer(gateway: Gateway) -> object:
    """The photos that the owner sees."""
    return await gateway.answer(QUERY, as_=customer_of(gateway, "ana"))


async def main(folder: Path) -> None:
    """Imports a record with the field, queries, exports and imports the export into an empty gateway."""
    assert "weather: String @data(class: CONTENT)" in build().sdl()
    records = folder / "records.jsonl"
    record = {"sourceId": "1", "mediaType": "PHOTO", "caption": "Harbour", "weather": "Light rain"}
    records.write_text(json.dumps(record) + "\n", "utf-8")
    async with opened(folder / "first") as gateway:
        await imported(gateway, records, "ana", folder / "import")
        assert await answer(gateway) == EXPECTED
        await exported(gateway, customer_of(gateway, "ana"), folder / "export")
    (line,) = (folder / "export" / "photos-00001.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["weather"] == "Light rain", line
    async with opened(folder / "second") as gateway:
        await imported(gateway, folder / "export", "ana", folder / "again")
        assert await answer(gateway) == EXPECTED


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
