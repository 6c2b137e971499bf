"""Every connection rejects an untrusted certificate before it sends data."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from datasources.aws.access import AwsAccess
from datasources.errors import SourceError
from datasources.keys.kms import KmsKeyService
from datasources.media.port import MediaKey
from datasources.media.s3 import S3MediaStore
from datasources.retry import RetryPolicy
from datasources.search.opensearch.transport import Cluster, Transport
from datasources.tables.dynamodb.store import DynamoTables
from datasources.tables.store import Key
from tests.tables.plain_tables import plain_table

PLAIN = plain_table("plain", feed=True)
ONCE = RetryPolicy(attempts=1)


@dataclass
class Server:
    """A TLS server that responds with 500 and records the decrypted requests."""

    url: str = ""
    heard: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            self.heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 500 -\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
            await writer.drain()
        writer.close()


def certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / f"{host}.pem"
    file.write_bytes(made.public_bytes(encoding) + private)
    return file


@asynccontextmanager
async def tls_server(file: Path) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def tables(url: str, authorities: Path | None) -> None:
    opened = await DynamoTables.open(access(url, authorities), (PLAIN,), prefix="t-", clock=lambda: 0.0, retry_policy=ONCE)
    try:
        await opened.items.get_many(PLAIN, [Key("ana", "a")])
    finally:
        await opened.close()


async def keys(url: str, authorities: Path | None) -> None:
    service = await KmsKeyService.open(access(url, authorities), "alias/x", ONCE)
    try:
        await service.generate({})
    finally:
        await service.close()


async def media(url: str, authorities: Path | None) -> None:
    store = await S3MediaStore.open(access(url, authorities), "bucket", ONCE)
    try:
        await store.sizes([MediaKey("ana", "a")])
    finally:
        await store.close()


async def search(url: str, authorities: Path | None) -> None:
    async def no_pause(_: float) -> None: ...

    wire = Transport(Cluster(url, ca_file=authorities), pause=no_pause)
    try:
        await wire.call("GET", "/")
    finally:
        await wire.close()


def access(url: str, authorities: Path | None) -> AwsAccess:
    return AwsAccess("us-east-1", url, str(authorities) if authorities else None)


CLIENTS: dict[str, Callable[[str, Path | None], Awaitable[None]]] = {
    "tables": tables,
    "keys": keys,
    "media": media,
    "search": search,
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_certificate_that_nobody_trusted_signed_is_refused_before_anything_is_said(name: str, tmp_path: Path) -> None:
    async with tls_server(certificate(tmp_path, "127.0.0.1")) as server:
        with pytest.raises(SourceError, match="certificate"):
            await CLIENTS[name](server.url, None)
        assert server.heard == []


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_trusted_certificate_of_another_host_is_refused(name: str, tmp_path: Path) -> None:
    file = certificate(tmp_path, "elsewhere.example")
    async with tls_server(file) as server:
        with pytest.raises(SourceError, match="certificate"):
            await CLIENTS[name](server.url, file)
        assert server.heard == []


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_certificate_of_a_named_authority_is_trusted(name: str, tmp_path: Path) -> None:
    """With a trusted certificate the server is reached, so the failures above are caused by the certificate."""
    file = certificate(tmp_path, "127.0.0.1")
    async with tls_server(file) as server:
        with pytest.raises(SourceError, match=r"500|InternalError|failed"):
            await CLIENTS[name](server.url, file)
        assert server.heard
