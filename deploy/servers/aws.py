"""DynamoDB Local, an S3 server, the stand-in for KMS and the fault proxy: how each is installed and started."""

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
    """The jars, and a launcher of ours that listens on loopback only."""
    sums = {name: total for total, name in (line.split() for line in (_HERE / "dynamodb-local.sha256").read_text().splitlines())}
    launcher = _HERE / "LoopbackDynamoDb.java"
    with installing(installed / "dynamodb", f"{_DYNAMODB} {sha256_of(launcher)}") as folder:
        if folder is not None:
            (folder / "jars").mkdir()
            maven_closure(folder / "jars", _DYNAMODB, sums)
            run(["javac", "-cp", f"{folder}/jars/*", "-d", str(folder / "launcher"), str(launcher)])


def install_s3(installed: Path) -> None:
    """Built from its Go module."""
    _install_go(installed, _S3)


def install_faults(installed: Path) -> None:
    """Built from its Go module."""
    _install_go(installed, _FAULTS)


def _install_go(installed: Path, tool: GoTool) -> None:
    with installing(installed / tool.name, f"{tool.version} {tool.sum}") as folder:
        if folder is not None:
            go_tool(folder, tool)


def install_kms(installed: Path) -> None:
    """An environment of its own: what moto needs is no dependency of ours."""
    requirements = _HERE / "kms.requirements.txt"
    with installing(installed / "kms", f"{sha256_of(requirements)} python {sys.version_info[:2]}") as folder:
        if folder is not None:
            python_environment(folder, requirements)


def dynamodb(places: Places) -> Server:
    """Keeps everything in memory, as the stand-in for KMS does: without its keys, nothing stored could be opened anyway.

    On disk it takes 40 writes a second here, in memory 130.
    """
    installed, port = places.installed / "dynamodb", places.port("dynamodb")
    command = [
        shutil.which("java") or "java", "-Xmx512m", f"-Dsqlite4java.library.path={installed}/jars",
        "-cp", f"{installed}/launcher:{installed}/jars/*", "LoopbackDynamoDb",
        "-disableTelemetry", "-sharedDb", "-port", str(port), "-inMemory",
    ]  # fmt: skip
    # It answers 400 to whoever does not sign, which is an answer.
    return Server("dynamodb", command, lambda: answers(places.url("dynamodb"), any_status=True), {"DDB_LOCAL_TELEMETRY": "0"})


def s3(places: Places) -> Server:
    """Objects are files of a folder. Without `--keep-alive`: with it, Arrow's client gets errors at random."""
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
    """Keeps its keys in memory: after a restart nothing wrapped by it opens any more."""
    python = places.installed / "kms" / "bin" / "python"
    command = [str(python), str(_HERE / "kms_stand_in.py"), "-H", HOST, "-p", str(places.port("kms"))]
    return Server("kms", command, lambda: answers(places.url("kms") + "/moto-api/data.json"))


def faults(places: Places) -> Server:
    """Toxiproxy: slow, cut and dropped connections to the others."""
    command = [str(places.installed / "toxiproxy" / "toxiproxy"), "-host", HOST, "-port", str(places.port("faults"))]
    return Server("faults", command, lambda: answers(places.url("faults") + "/version"))


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
