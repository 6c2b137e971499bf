"""An issuer outside, as a real HTTP server on this machine: it can be down, slow, full of garbage, and rotate its keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "photos-data-gateway"
NAME = "https://id.example"
NOW = 1_800_000_000.0
RSA = rsa.generate_private_key(65_537, 2_048)  # a fresh one takes a second; which one it is tells nothing


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Provider:
    """Its keys, how it answers, and how often it was requests."""

    keys: dict[str, Any] = field(default_factory=lambda: {"k1": RSA})
    status: int = 200
    body: bytes | None = None
    headers: str = ""
    requests: int = 0
    url: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def jwks(self) -> bytes:
        return json.dumps({"keys": [jwk_of(key, kid) for kid, key in self.keys.items()]}).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        self.arrived.set()
        body = self.jwks() if self.body is None else self.body
        await self.gate.wait()
        writer.write(
            f"HTTP/1.1 {self.status} X\r\ncontent-length: {len(body)}\r\n{self.headers}connection: close\r\n\r\n".encode() + body
        )
        await writer.drain()
        writer.close()

    def token(self, *, kid: str = "k1", key: Any = None, headers: Mapping[str, Any] | None = None, **claims: Any) -> str:
        fair = {"iss": NAME, "aud": AUDIENCE, "sub": "ana", "iat": NOW, "exp": NOW + 600}
        payload = {k: v for k, v in {**fair, **claims}.items() if v is not None}
        signing = self.keys[kid] if key is None else key
        return jwt.encode(
            payload, signing, algorithm=algorithm_of(signing), headers={"typ": "at+jwt", "kid": kid, **(headers or {})}
        )


def algorithm_of(key: Any) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512", "secp256k1": "ES256K"}[key.curve.name]
    return "EdDSA" if isinstance(key, ed25519.Ed25519PrivateKey) else "RS256"


def jwk_of(key: Any, kid: str) -> dict[str, Any]:
    """The public half, as it is published."""
    made = jwt.get_algorithm_by_name(algorithm_of(key)).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, "use": "sig"}


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """A provider that listens."""
    provider = Provider()
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    provider.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    try:
        yield provider
    finally:
        provider.gate.set()
        server.close()
        await server.wait_closed()
