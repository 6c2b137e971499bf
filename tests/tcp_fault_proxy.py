"""The fault server of `make servers` (Toxiproxy): connections that are slow, cut, reset or silent, below HTTP."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.servers import places_of

Toxic = dict[str, Any]
LATENCY: Toxic = {"type": "latency", "attributes": {"latency": 150, "jitter": 50}}
RESET: Toxic = {"type": "reset_peer", "attributes": {"timeout": 0}}
SILENCE: Toxic = {"type": "timeout", "attributes": {"timeout": 0}}
SLOW_CLOSE: Toxic = {"type": "slow_close", "attributes": {"delay": 300}}
SLICED: Toxic = {"type": "slicer", "attributes": {"average_size": 40, "size_variation": 20, "delay": 100}}
NO_ANSWER: Toxic = {"type": "limit_data", "attributes": {"bytes": 0}}
"""The request arrives and is carried out; of the answer comes nothing, and the connection ends."""


def cut_after(size: int) -> Toxic:
    """The connection ends after so many bytes of answers."""
    return {"type": "limit_data", "attributes": {"bytes": size}}


@dataclass(frozen=True)
class Proxied:
    """A proxy before a server: its address, and what may be done to what comes back."""

    url: str
    name: str

    def sicken(self, toxic: Toxic) -> None:
        """From now on, until it is healed."""
        _requested("POST", f"/proxies/{self.name}/toxics", {**toxic, "stream": "downstream", "name": "sick"})

    def heal(self) -> None:
        """As if nothing had been."""
        _requested("DELETE", f"/proxies/{self.name}/toxics/sick")


@contextmanager
def proxied(upstream: str) -> Iterator[Proxied]:
    """A proxy of its own, gone afterwards."""
    name = f"t{secrets.token_hex(6)}"
    wanted = {"name": name, "listen": "127.0.0.1:0", "upstream": upstream.removeprefix("http://")}
    reported = _requested("POST", "/proxies", wanted)
    try:
        yield Proxied(f"http://{reported['listen']}", name)
    finally:
        _requested("DELETE", f"/proxies/{name}")


def _requested(method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(places_of("faults").url("faults") + path, data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")
