"""The commands `photos-gateway places`, with a running server."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.places_import import write_dump
from tests.cli.test_commands import COMMAND, ENVIRONMENT, ROOT, Server, one_sentence, run, started, summary
from tests.locations import dump
from tests.locations.dump import place

_TIME_LIMIT_S = 60
_ASK = "{ placesAt(points: [{latitude: 43.8065, longitude: 11.293}]) { code } photos(first: 1) { nodes { place { code } } } }"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    serving = Server(data)
    yield serving
    if serving.process.poll() is None:
        serving.stop()


def test_about_prints_the_sources(data: Path) -> None:
    reported = json.loads(run("places", "about", "--data", data).stdout)
    assert reported["version"]
    assert {"part", "source", "version", "licence", "attribution"} == set(reported["sources"][0])


def test_an_invalid_dump_is_an_error(tmp_path: Path, data: Path) -> None:
    one_sentence(run("places", "resolve", "--data", data), "data folder", "does not exist")
    one_sentence(run("places", "import", tmp_path / "nowhere", "--data", data), "does not exist")
    one_sentence(run("places", "import", tmp_path, "--data", data), "cities500.txt", "hierarchy.txt")


@pytest.mark.slow
def test_a_running_server_loads_imported_places(tmp_path: Path, data: Path, server: Server) -> None:
    photos = tmp_path / "photos.jsonl"
    photos.write_text('{"sourceId": "a", "latitude": 43.8065, "longitude": 11.293}\n')
    summary(run("import", photos, "--owner", "ana", "--data", data))
    token = run("token", "--customer", "ana", "--data", data).stdout.strip()

    def requested() -> tuple[str, str | None]:
        answer = httpx.post(
            f"{server.url}/graphql", json={"query": _ASK}, headers={"authorization": f"Bearer {token}"}, timeout=30
        )
        reported = answer.json()["data"]
        # A place that the newer data does not have is none, until the photo is resolved again.
        of_photo = reported["photos"]["nodes"][0]["place"]
        return reported["placesAt"][0]["code"], of_photo and of_photo["code"]

    assert requested() == ("gn:3177019", "gn:3177019")  # Fiesole, by the places that come with the program
    folder = dump.write(tmp_path / "dump", [place(3176959, "Florence", 43.77925, 11.24626, population=349296), b"5\tshort"])
    imported = run("places", "import", folder, "--data", data)
    assert "cities500.txt:2" in imported.stderr
    found = summary(imported)
    assert (found["places"], found["badLines"]) == (1, 1)
    _until(lambda: requested()[0] == "gn:3176959")
    done = summary(run("places", "resolve", "--data", data))
    assert (done["moved"], done["whole"], done["version"]) == (1, True, found["version"])
    _until(lambda: requested()[1] == "gn:3176959")
    assert summary(run("places", "resolve", "--data", data))["current"] == 1
    server.stop()
    assert "a new gazetteer is in use" in server.last[1]
    assert "43.8" not in server.last[1]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A background process of a shell inherits that SIGINT is ignored, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_a_stopped_import_changes_nothing_and_the_next_one_removes_its_files(tmp_path: Path, data: Path) -> None:
    small = dump.write(tmp_path / "small", [place(3176959, "Florence", 43.77925, 11.24626)])
    summary(run("places", "import", small, "--data", data))
    before = (data / "places.bin").read_bytes()
    write_dump(tmp_path / "large", 50_000)

    running = _amid_the_cells(tmp_path / "large", data)
    one_sentence(run("places", "import", small, "--data", data), "Another import")
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGCONT)
    assert "The places are unchanged" in running.communicate(timeout=_TIME_LIMIT_S)[1]
    assert running.returncode == 130
    assert sorted(entry.name for entry in data.iterdir()) == ["places.bin", "version"]

    running = _amid_the_cells(tmp_path / "large", data)
    running.kill()
    running.communicate(timeout=_TIME_LIMIT_S)
    assert (data / "places.bin").read_bytes() == before
    assert len(list(data.glob("places-*"))) == 1
    summary(run("places", "import", small, "--data", data))
    assert sorted(entry.name for entry in data.iterdir()) == ["places.bin", "version"]


def _amid_the_cells(folder: Path, data: Path) -> subprocess.Popen[str]:
    """An import that pauses after most of its work."""
    running = started("places", "import", folder, "--data", data)
    assert running.stderr is not None
    assert any("Looking which" in line for line in running.stderr)
    running.send_signal(signal.SIGSTOP)
    return running


def test_a_full_disk_is_an_error(tmp_path: Path, data: Path) -> None:
    folder = dump.write(tmp_path / "dump", [place(3176959, "Florence", 43.77925, 11.24626)])
    limits = ["bash", "-c", 'ulimit -f 64; trap "" XFSZ; exec "$@"', "_", *COMMAND]
    done = subprocess.run(
        [*limits, "places", "import", folder, "--data", data],
        check=False,
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("The import failed: File too large")
    assert [entry.name for entry in data.iterdir()] == ["version"]


def _until(holds) -> None:
    end = time.monotonic() + _TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < end, "it never came"
