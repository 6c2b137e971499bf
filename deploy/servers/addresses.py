"""Folders and ports of the local servers."""

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
"""Credentials of these loopback servers only. DynamoDB Local accepts only letters and digits."""


class ServersError(Exception):
    """The servers cannot run; the message gives the reason in one sentence."""


@dataclass(frozen=True)
class Places:
    """Folders and the first port."""

    installed: Path
    """Installed servers: PHOTOS_SERVERS_CACHE, which clones may share, else `.cache/servers` of this clone."""
    run: Path
    """Processes, logs and data of this clone."""
    first_port: int

    @classmethod
    def here(cls) -> Places:
        """The folders from the environment; the first port is that of the running servers, if any."""
        own = ROOT / ".cache" / "servers"
        installed = Path(os.environ.get("PHOTOS_SERVERS_CACHE") or own).expanduser().resolve()
        run = Path(os.environ.get("PHOTOS_SERVERS_RUN") or own / "run").expanduser().resolve()
        port_file = run / "first-port"
        first = int(port_file.read_text()) if port_file.exists() else int(os.environ.get("PHOTOS_SERVERS_PORT") or FIRST_PORT)
        return cls(installed, run, first)

    def port(self, name: str) -> int:
        """The port of a server."""
        return self.first_port + _OFFSETS[name]

    def fault_ports(self) -> range:
        """Ports for proxies of the fault server."""
        return range(self.first_port + _FAULT_PORTS.start, self.first_port + _FAULT_PORTS.stop)

    def url(self, name: str) -> str:
        """The base URL of a server."""
        return f"http://{HOST}:{self.port(name)}"

    def choose_ports(self) -> Places:
        """Choose the first free port range and save it for later commands."""
        for first in range(self.first_port, self.first_port + _STRIDE * _TRIES, _STRIDE):
            if all(_free(first + offset) for offset in (*_OFFSETS.values(), *_FAULT_PORTS)):
                self.run.mkdir(parents=True, exist_ok=True)
                (self.run / "first-port").write_text(f"{first}\n")
                return Places(self.installed, self.run, first)
        raise ServersError(f"No {_STRIDE} free ports from {self.first_port} on: set PHOTOS_SERVERS_PORT to another range.")

    def environment(self) -> dict[str, str]:
        """Environment variables for AWS clients and `make run STACK=local`."""
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
