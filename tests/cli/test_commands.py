"""The command line in a separate process: output and exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from datasources.data_folder import prepare

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOS_")} | {"PYTHONPATH": str(ROOT)}
COMMAND = [sys.executable, "-W", "error", "-m", "cli"]


def run(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        check=False,
        cwd=more.pop("cwd", ROOT),
        env=ENVIRONMENT | more,
        capture_output=True,
        text=True,
        timeout=120,
    )


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def records(path: Path, count: int) -> Path:
    with path.open("w") as file:
        for i in range(count):
            line = {"sourceId": f"s{i}", "caption": f"photo {i}", "albums": [f"a{i % 7}"], "latitude": 41.9, "longitude": 12.5}
            file.write(json.dumps(line) + "\n")
    return path


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return last


def one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    (sentence,) = done.stderr.splitlines()  # no log lines either
    assert "Traceback" not in done.stderr
    assert all(word in sentence for word in words), sentence


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Server:
    """A running server process."""

    def __init__(self, data: Path) -> None:
        self.process = started("serve", "--data", data, "--port", "0")
        assert self.process.stdout is not None
        self.url = next(line.split()[-1].removesuffix("/graphql") for line in self.process.stdout if "GraphiQL" in line)

    def stop(self, sign: int = signal.SIGINT) -> int:
        self.process.send_signal(sign)
        self.last = self.process.communicate(timeout=30)
        return self.process.returncode


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[Server]:
    serving = Server(data)
    yield serving
    if serving.process.poll() is None:
        serving.stop(signal.SIGKILL)


def test_import_prints_a_json_object_to_standard_output(tmp_path: Path, data: Path) -> None:
    path = records(tmp_path / "a.jsonl", 30)
    with path.open("a") as file:
        file.write("nonsense\n")
    done = run("import", path, "--owner", "ana", "--data", data)
    found = summary(done)
    assert found.pop("seconds") > 0
    assert found == {"added": 30, "updated": 0, "unchanged": 0, "rejected": 1}
    assert len(done.stdout.splitlines()) == 1
    assert "line 31 is not valid JSON" in done.stderr


def test_an_import_without_valid_records_fails(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"sourceId": 7}\n')
    done = run("import", path, "--owner", "ana", "--data", data)
    assert done.returncode == 1
    assert json.loads(done.stdout)["rejected"] == 1


@pytest.mark.slow
def test_a_killed_import_continues_without_loss(tmp_path: Path, data: Path) -> None:
    path = records(tmp_path / "a.jsonl", 6_000)
    for kill in range(3):
        running = started("import", path, "--owner", "ana", "--data", data)
        _until(lambda kill=kill: _counted(data) > kill * 1_000 + 250, running)
        running.kill()
        running.communicate()
        assert running.returncode == -signal.SIGKILL
    acknowledged = _counted(data)
    check = run("verify", "--data", data)
    assert check.returncode == 0, check.stderr
    assert json.loads(check.stdout)["photos"] >= acknowledged > 2_000
    found = summary(run("import", path, "--owner", "ana", "--data", data))
    assert found["added"] + found["unchanged"] == 6_000
    check = run("verify", "--data", data)
    assert check.returncode == 0, check.stderr
    found = json.loads(check.stdout)
    assert (found["photos"], found["indexed"], found["agrees"]) == (6_000, 6_000, True)


def _counted(data: Path) -> int:
    files = list((data / "imports").glob("*.json")) if (data / "imports").exists() else []
    return sum(sum(json.loads(f.read_text())["counts"].values()) for f in files)


def _until(true: Any, running: subprocess.Popen[str]) -> None:
    while not true():
        assert running.poll() is None, running.communicate()
        time.sleep(0.002)


@pytest.mark.slow
def test_ctrl_c_stops_an_import_and_prints_how_to_continue(tmp_path: Path, data: Path) -> None:
    path = records(tmp_path / "a.jsonl", 6_000)
    running = started("import", path, "--owner", "ana", "--data", data)
    _until(lambda: _counted(data) > 0, running)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Run the same command to continue" in said
    assert 0 < json.loads(out)["added"] < 6_000
    assert summary(run("import", path, "--owner", "ana", "--data", data))["added"] == 6_000


def test_a_running_server_finds_the_records_of_an_import(tmp_path: Path, data: Path, server: Server) -> None:
    found = summary(run("import", records(tmp_path / "a.jsonl", 400), "--owner", "ana", "--data", data))
    assert found["added"] == 400
    token = run("token", "--customer", "ana", "--data", data).stdout.strip()
    query = {"query": '{ searchPhotos(query: "photo", first: 1) { total { count } } }'}
    answer = httpx.post(f"{server.url}/graphql", json=query, headers={"authorization": f"Bearer {token}"}).json()
    assert answer["data"]["searchPhotos"]["total"]["count"] == 400
    assert server.stop() == 0


def test_a_token_is_the_only_output(data: Path) -> None:
    prepare(data)
    for who in (["--customer", "ana"], ["--service", "etl", "--scopes", "photos:read", "--purpose", "reports"]):
        done = run("token", *who, "--data", data)
        assert done.returncode == 0
        assert done.stdout.count(".") == 2
        assert len(done.stdout.splitlines()) == 1
        assert done.stderr == ""


def test_the_data_folder_can_come_from_the_environment(data: Path) -> None:
    prepare(data)
    assert run("token", "--customer", "ana", PHOTOS_DATA=str(data)).returncode == 0
    assert (data / "issuer.key").exists()


def test_errors_are_one_sentence(tmp_path: Path, data: Path) -> None:
    (tmp_path / "file").write_text("")
    other, foreign = tmp_path / "other", tmp_path / "foreign"
    other.mkdir()
    (other / "version").write_text("99\n")
    foreign.mkdir()
    (foreign / "thesis.doc").write_text("")
    path = records(tmp_path / "a.jsonl", 1)
    one_sentence(run("import", path, "--owner", "ana", "--data", tmp_path / "file"), "data folder", "file")
    one_sentence(run("import", path, "--owner", "ana", "--data", tmp_path / "file" / "below"), "data folder")
    one_sentence(run("serve", "--data", other, "--port", "0"), "format '99'")
    one_sentence(run("serve", "--data", foreign, "--port", "0"), "files of another program")
    one_sentence(run("import", tmp_path / "absent", "--owner", "ana", "--data", data), "absent")
    one_sentence(run("import", path, "--owner", "", "--data", data), "--owner")
    one_sentence(run("serve", "--data", data, "--workers", "4"), "--workers")
    one_sentence(run("serve", "--data", data, "--host", "0.0.0.0"), "PHOTOS_EXPOSE")
    one_sentence(run("serve", "--data", data, "--port", "70000"), "port")
    one_sentence(run("serve", "--data", data, PHOTOS_PROFILE="production"), "production")
    one_sentence(run("serve", "--data", data, PHOTOS_ALLOWED_ORIGINS="*"), "origin")
    one_sentence(run("token", "--data", data), "--customer")
    prepare(data)
    one_sentence(run("token", "--guest", "nobody", "--data", data), "no link with this id")
    one_sentence(run("verify", "--data", tmp_path / "absent"), "data folder", "does not exist")


def test_a_used_port_and_a_used_folder_are_errors(tmp_path: Path, data: Path, server: Server) -> None:
    one_sentence(run("serve", "--data", tmp_path / "other", "--port", server.url.rsplit(":", 1)[1]), "is in use", "PORT=")
    assert not (tmp_path / "other").exists()
    one_sentence(run("serve", "--data", data, "--port", "0"), "in use by a server (process")
    one_sentence(run("verify", "--data", data), "in use by a server")
    one_sentence(run("demo", "--data", data), "in use by a server")


@pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root may write anywhere, and there is no setpriv"
)
def test_an_unwritable_folder_is_an_error(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "version").write_text("1\n")
    locked.chmod(0o555)
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*drop, *COMMAND, "token", "--customer", "a", "--data", str(locked)],
        check=False,
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    one_sentence(done, "cannot be written to")


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_server_stops_without_data_loss(data: Path, sign: int) -> None:
    first = Server(data)
    key = (data / "issuer.key").read_bytes()
    assert first.stop(sign) == 0
    second = Server(data)
    assert httpx.get(f"{second.url}/readyz").json() == {"ready": True}
    assert (data / "issuer.key").read_bytes() == key
    assert second.stop(sign) == 0


def test_a_killed_server_leaves_no_lock(data: Path) -> None:
    Server(data).stop(signal.SIGKILL)
    assert Server(data).stop() == 0


@pytest.mark.slow
def test_the_demo_is_loaded_once_and_its_tokens_work(data: Path) -> None:
    running = started("demo", "--data", data)
    _until(lambda: sum(f.stat().st_size for f in data.glob("tables.sqlite*")) > 500_000, running)
    running.kill()
    running.communicate()
    assert run("demo", "--data", data).returncode == 0
    check = json.loads(run("verify", "--data", data).stdout)
    assert (check["agrees"], check["customers"], check["photos"]) == (True, 3, 6_000)
    before = (data / "demo.json").read_bytes()
    assert run("demo", "--data", data).returncode == 0
    assert (data / "demo.json").read_bytes() == before


def test_the_schema_is_printed(tmp_path: Path) -> None:
    done = run("schema", cwd=ROOT)
    assert done.returncode == 0
    assert "type Photo implements Node" in done.stdout


def test_the_safelist_is_filled_listed_and_emptied_by_commands(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"x": "query Kind { viewer { kind } }"}))
    data = prepare(tmp_path / "data")
    assert run("documents", "add", manifest, "--client", "web", "--data", data).stdout.startswith("1 added")
    lines = run("documents", "list", "--data", data).stdout.splitlines()
    assert [line.split("\t")[::2] for line in lines if "\tx\t" in line] == [["in use", "web", "Kind"]]
    assert run("documents", "retire", "--client", "web", "--data", data).stdout == "2 retired.\n"
    one_sentence(run("documents", "retire", "--data", data), "--client", "--id")


def test_the_schema_is_printed_with_and_without_auth() -> None:
    assert "@requiresScopes" in run("schema", "--auth").stdout
    plain = run("schema", "--no-node").stdout
    assert "@requiresScopes" not in plain
    assert "  node(" not in plain
