"""Installs and starts DynamoDB Local, an S3 server, the local KMS server and the fault proxy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from deploy.servers.addresses import ACCESS_KEY, HOST, SECRET_KEY, Places
from deploy.servers.artefacts import GoTool, go_tool, installing, maven_closure, python_environment, run, sha256_of
from deploy.servers.processes import Server, answers

_HERE = Path(__file__).parent
_DYNAMODB = "software.amazon.dynamodb:DynamoDBLocal:3.1.0"
_S3 = GoTool(
    "versitygw", "github.com/versity/versitygw", "v1.8.0", "/cmd/versitygw", "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc="
)
_FAULTS = GoTool(
    "toxiproxy", "github.com/Shopify/toxiproxy/v2", "v2.5.0", "/cmd/server", "h1:i4LPT+qrSlKNtQf5QliVjdP08GyAH8+BUIc9gT0eahc="
)


def install_dynamodb(installed: Path) -> None:
    """Install the jars and a launcher that listens on loopback only."""
    sums = {name: total for total, name in (line.split() for line in (_HERE / "dynamodb-local.sha256").read_text().splitlines())}
    launcher = _HERE / "LoopbackDynamoDb.java"
    with installing(installed / "dynamodb", f"{_DYNAMODB} {sha256_of(launcher)}") as folder:
        if folder is not None:
            (folder / "jars").mkdir()
            maven_closure(folder / "jars", _DYNAMODB, sums)
            run(["javac", "-cp", f"{folder}/jars/*", "-d", str(folder / "launcher"), str(launcher)])


def install_s3(installed: Path) -> None:
    """Build the program from its Go module."""
    _install_go(installed, _S3)


def install_faults(installed: Path) -> None:
    """Build the program from its Go module."""
    _install_go(installed, _FAULTS)


def _install_go(installed: Path, tool: GoTool) -> None:
    with installing(installed / tool.name, f"{tool.version} {tool.sum}") as folder:
        if folder is not None:
            go_tool(folder, tool)


def install_kms(installed: Path) -> None:
    """Install moto into a separate virtual environment, so that its dependencies do not affect the project."""
    requirements = _HERE / "kms.requirements.txt"
    with installing(installed / "kms", f"{sha256_of(requirements)} python {sys.version_info[:2]}") as folder:
        if folder is not None:
            python_environment(folder, requirements)


def dynamodb(places: Places) -> Server:
    """DynamoDB Local in memory, like the KMS server, without whose keys stored data could not be decrypted.

    It handles about 40 writes per second on disk and 130 in memory.
    """
    installed, port = places.installed / "dynamodb", places.port("dynamodb")
    command = [
        shutil.which("java") or "java", "-Xmx512m", f"-Dsqlite4java.library.path={installed}/jars",
        "-cp", f"{installed}/launcher:{installed}/jars/*", "LoopbackDynamoDb",
        "-disableTelemetry", "-sharedDb", "-port", str(port), "-inMemory",
    ]  # fmt: skip
    # It responds with 400 to unsigned requests, which shows that it runs.
    return Server("dynamodb", command, lambda: answers(places.url("dynamodb"), any_status=True), {"DDB_LOCAL_TELEMETRY": "0"})


def s3(places: Places) -> Server:
    """The S3 server, which stores objects as files. Without `--keep-alive`, which causes random errors in Arrow's client."""
    port, data = places.port("s3"), places.run / "data"
    command = [
        str(places.installed / "versitygw" / "versitygw"), "--port", f"{HOST}:{port}",
        "--admin-port", f"{HOST}:{places.port('s3-admin')}", "--iam-dir", str(_folder(data / "s3-users")), "--iam-cache-disable",
        "--health", "/health", "--quiet", "posix",
        "--versioning-dir", str(_folder(data / "s3-versions")), str(_folder(data / "s3")),
    ]  # fmt: skip
    credentials = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    return Server("s3", command, lambda: answers(places.url("s3") + "/health"), credentials)


def kms(places: Places) -> Server:
    """The KMS server, with keys in memory: after a restart, data wrapped by them cannot be decrypted."""
    python = places.installed / "kms" / "bin" / "python"
    command = [str(python), str(_HERE / "kms_stand_in.py"), "-H", HOST, "-p", str(places.port("kms"))]
    return Server("kms", command, lambda: answers(places.url("kms") + "/moto-api/data.json"))


def faults(places: Places) -> Server:
    """Toxiproxy, which delays, interrupts and drops connections to the other servers."""
    command = [str(places.installed / "toxiproxy" / "toxiproxy"), "-host", HOST, "-port", str(places.port("faults"))]
    return Server("faults", command, lambda: answers(places.url("faults") + "/version"))


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
