"""Where the local servers live: what is installed once, what runs, and on which ports."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
FIRST_PORT = 18_200
_STRIDE = 20
_TRIES = 50
_OFFSETS = {"opensearch": 0, "opensearch-transport": 1, "dynamodb": 2, "s3": 3, "s3-admin": 4, "kms": 5, "faults": 6}
_FAULT_PORTS = range(10, 20)
ACCESS_KEY, SECRET_KEY, REGION = "localservers", "localserverssecret", "us-east-1"
"""Good for nothing but these servers on loopback. DynamoDB Local takes letters and digits only."""


class ServersError(Exception):
    """What keeps the servers from running, in one sentence."""


@dataclass(frozen=True)
class Places:
    """Folders and the first port."""

    installed: Path
    """Downloads and builds: PHOTOS_SERVERS_CACHE, so that several clones share them, else `.cache/servers` of this clone."""
    run: Path
    """Processes, logs and data of this clone."""
    first_port: int

    @classmethod
    def here(cls) -> Places:
        """As the environment says; the port is the one the servers were started on, if they were."""
        own = ROOT / ".cache" / "servers"
        installed = Path(os.environ.get("PHOTOS_SERVERS_CACHE") or own).expanduser().resolve()
        run = Path(os.environ.get("PHOTOS_SERVERS_RUN") or own / "run").expanduser().resolve()
        noted = run / "first-port"
        first = int(noted.read_text()) if noted.exists() else int(os.environ.get("PHOTOS_SERVERS_PORT") or FIRST_PORT)
        return cls(installed, run, first)

    def port(self, name: str) -> int:
        """The port of a server."""
        return self.first_port + _OFFSETS[name]

    def fault_ports(self) -> range:
        """Ports for proxies of the fault server."""
        return range(self.first_port + _FAULT_PORTS.start, self.first_port + _FAULT_PORTS.stop)

    def url(self, name: str) -> str:
        """Where a server answers."""
        return f"http://{HOST}:{self.port(name)}"

    def settle_ports(self) -> Places:
        """The first range of ports that nobody uses, noted for whoever asks later."""
        for first in range(self.first_port, self.first_port + _STRIDE * _TRIES, _STRIDE):
            if all(_free(first + offset) for offset in (*_OFFSETS.values(), *_FAULT_PORTS)):
                self.run.mkdir(parents=True, exist_ok=True)
                (self.run / "first-port").write_text(f"{first}\n")
                return Places(self.installed, self.run, first)
        raise ServersError(f"No {_STRIDE} free ports from {self.first_port} on: set PHOTOS_SERVERS_PORT to another range.")

    def environment(self) -> dict[str, str]:
        """What AWS clients and `make run STACK=local` read."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "PHOTOS_STACK": "local",
            "PHOTOS_REGION": REGION,
            "PHOTOS_DYNAMODB_URL": self.url("dynamodb"),
            "PHOTOS_S3_URL": self.url("s3"),
            "PHOTOS_KMS_URL": self.url("kms"),
            "PHOTOS_OPENSEARCH_URL": self.url("opensearch"),
        }


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
