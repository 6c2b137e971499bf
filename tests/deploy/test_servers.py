"""The local servers of `make servers`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from deploy.servers import aws, opensearch
from deploy.servers.__main__ import main
from deploy.servers.addresses import ACCESS_KEY, FIRST_PORT, SECRET_KEY, Places, ServersError
from deploy.servers.artefacts import installing
from deploy.servers.processes import Processes, Server

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
HERE = Places(Path("/nowhere"), Path("/nowhere"), FIRST_PORT)


def test_every_image_of_the_compose_file_is_pinned_to_the_version_that_make_servers_starts() -> None:
    images = {name: s.get("image") or s["build"]["dockerfile_inline"].split()[1] for name, s in COMPOSE.items()}
    moto = re.search(r"^moto==(\S+)", (ROOT / "deploy/servers/kms.requirements.txt").read_text(), re.MULTILINE)
    assert moto
    assert images == {
        "opensearch": f"opensearchproject/opensearch:{opensearch._VERSION}",
        "dynamodb": f"amazon/dynamodb-local:{aws._DYNAMODB.rsplit(':', 1)[1]}",
        "s3": f"versity/versitygw:{aws._S3.version}",
        "kms": f"motoserver/moto:{moto[1]}",
    }


def test_the_compose_file_binds_loopback_on_the_ports_of_make_servers() -> None:
    for name, service in COMPOSE.items():
        (bound,) = service["ports"]
        host, port, _ = bound.split(":")
        assert (host, int(port)) == ("127.0.0.1", HERE.port(name))
    credentials = COMPOSE["s3"]["environment"]
    assert (credentials["ROOT_ACCESS_KEY"], credentials["ROOT_SECRET_KEY"]) == (ACCESS_KEY, SECRET_KEY)


def test_every_artefact_has_a_checksum() -> None:
    jars = (ROOT / "deploy/servers/dynamodb-local.sha256").read_text().splitlines()
    assert len(jars) == 82
    assert all(re.fullmatch(r"[0-9a-f]{64}  \S+", line) for line in jars)
    requirements = (ROOT / "deploy/servers/kms.requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"\S+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in requirements)


def test_a_server_process_is_started_and_stopped_once(tmp_path: Path) -> None:
    code = "import pathlib, time; pathlib.Path('up').touch(); time.sleep(600)"
    server = Server("sleeper", [sys.executable, "-c", code], (tmp_path / "logs" / "up").exists)
    processes = Processes(tmp_path)
    try:
        assert "ready after" in processes.start(server)
        number = processes.running("sleeper")
        assert number
        assert "already running" in Processes(tmp_path).start(server)
        assert Processes(tmp_path).running("sleeper") == number
    finally:
        assert processes.stop("sleeper") == "sleeper: stopped"
    assert processes.running("sleeper") is None
    assert processes.stop("sleeper") == "sleeper: was not running"


def test_another_process_with_the_same_pid_is_not_stopped(tmp_path: Path) -> None:
    (tmp_path / "sleeper.process").write_text("1 12345678901234\n")
    assert Processes(tmp_path).running("sleeper") is None


def test_a_server_that_ends_at_the_start_is_an_error_with_its_log(tmp_path: Path) -> None:
    server = Server("dead", [sys.executable, "-c", "print('no room'); raise SystemExit(3)"], lambda: False)
    with pytest.raises(ServersError, match=r"dead exited during startup(.|\n)*no room"):
        Processes(tmp_path).start(server)


def test_a_failed_installation_changes_nothing(tmp_path: Path) -> None:
    def install(version: str, text: str) -> None:
        with installing(tmp_path / "thing", version) as folder:
            if folder is not None:
                (folder / "text").write_text(text)
                if text == "bad":
                    raise ServersError("broken")

    install("1", "good")
    install("1", "never written: this version is there")
    with pytest.raises(ServersError):
        install("2", "bad")
    assert (tmp_path / "thing" / "text").read_text() == "good"
    install("2", "better")
    assert (tmp_path / "thing" / "text").read_text() == "better"


def test_status_names_stopped_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOS_SERVERS_RUN", str(tmp_path / "run"))
    assert main(["status", "s3", "kms"]) == 1
    assert "Not running: s3, kms." in capsys.readouterr().err
    assert main(["stop"]) == 0
    assert main(["restart"]) == 2
    assert main(["start", "redis"]) == 2


@pytest.mark.servers
def test_all_servers_are_running(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr().err.count("up at http://127.0.0.1:") == 5
