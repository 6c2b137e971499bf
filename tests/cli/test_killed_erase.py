"""An erasure that is killed several times and run again."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from indexing.open_stores import open_exclusive
from resolvers.erasing.certificate import NOTHING
from tests.cli.test_commands import one_sentence, records, run, started, summary
from tests.erasing.makers import holding
from tests.media.gateway import jpeg, picture

PHOTOS = 1_500


def killed(data: Path, after_s: float) -> None:
    """Runs the command and kills it some time after it has printed that the data is unreadable."""
    process = started("erase", "--customer", "ana", "--data", data, "--yes")
    assert process.stderr is not None
    while (line := process.stderr.readline()) and "unreadable" not in line:
        pass
    assert line, "it ended before it said so"
    threading.Event().wait(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.slow
async def test_a_repeatedly_killed_erasure_completes(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "library"
    folder.mkdir()
    for number in range(3):
        (folder / f"IMG_{number}.jpg").write_bytes(jpeg(picture(1, (64, 48))) + number.to_bytes(4))
    for owner in ("ana", "ben"):
        summary(run("import", records(tmp_path / "library.jsonl", PHOTOS), "--owner", owner, "--data", data))
        summary(run("import", folder, "--owner", owner, "--data", data))
    async with open_exclusive(data, "a test") as sources:
        ana, ben = (sources.ids.local_id("customer", name) for name in ("ana", "ben"))

    for after_s in (0.0, 0.05, 0.4):
        killed(data, after_s)
        async with open_exclusive(data, "a test") as sources:  # nobody reads anything from the first moment on
            assert await sources.keys.keys_of([ana]) == {}
    one_sentence(run("import", folder, "--owner", "ana", "--data", data), "erased")
    ended = run("erase", "--customer", "ana", "--data", data, "--yes", "--certificate", tmp_path / "certificate.json")
    assert ended.returncode == 0, ended.stderr

    certificate = json.loads(ended.stdout)
    assert json.loads((tmp_path / "certificate.json").read_text()) == certificate
    stores = certificate["stores"]
    assert {store["left"] for store in stores.values()} == {0}
    assert {store["digest"] for store in stores.values()} == {NOTHING}
    assert stores["tables/photos"]["removed"] <= PHOTOS + 3  # what went in a pass that was killed midway is not counted
    assert set(holding(data, ana, bytes.fromhex(ana))) <= {"tables.sqlite", "tables.sqlite-wal"}  # the mark that keeps them out
    verified = json.loads(run("verify", "--data", data).stdout.splitlines()[0])
    assert (verified["agrees"], verified["photos"], verified["indexed"]) == (True, PHOTOS + 3, PHOTOS + 3)
    async with open_exclusive(data, "a test") as sources:
        found, _ = await sources.pictures.of_owner(ben, limit=10)
        for record in found:
            assert record.original is not None
            assert await sources.originals.has(ben, record.original)
    assert run("audit", "verify", "--data", data).returncode == 0
