"""Tokens from the command line. They are valid at a running server, because it reads the same key files."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from access.ids import InvalidId
from access.viewer import GuestLink
from datasources import Sources
from datasources.data_folder import EMBEDDED, prepare
from datasources.tables.grants import GrantRecord, link_grantee
from identity.data_folder_keys import open_sources
from identity.issuer import LocalIssuer
from settings import Settings, UnusableSettings


async def token_for(
    settings: Settings,
    *,
    customer: str | None,
    service: tuple[str | None, tuple[str, ...], str | None],
    guest: str | None,
) -> str:
    """Returns a token for the given customer, service or guest; raises `UnusableSettings` if the share does not exist."""
    stack = settings.engines
    folder = prepare(settings.data, EMBEDDED if stack is None else stack.name)
    if customer is not None:
        return LocalIssuer.development(folder, settings.audience, time.time).customer(customer)
    name, scopes, purpose = service
    if name is not None:
        return LocalIssuer.development(folder, settings.audience, time.time).service(name, scopes, purpose)
    sources = await open_sources(settings)
    try:
        grant = await _link(sources, guest or "")
    finally:
        await sources.close()
    if grant is None or (grant.expires_at_ms is not None and grant.expires_at_ms <= sources.now_ms()):
        raise UnusableSettings("There is no link with this id or secret, or it has expired. Share the album by link again.")
    until = None if grant.expires_at_ms is None else grant.expires_at_ms / 1_000
    of = GuestLink(grant.owner, grant.album, grant.grantee)
    return LocalIssuer.links(folder, settings.audience, time.time).guest(of, until_s=until)


async def _link(sources: Sources, share: str) -> GrantRecord | None:
    try:
        known = sources.ids.decode(share)
    except InvalidId:
        secret = urlsplit(share).fragment or share
        return next(iter(await sources.grants.of_grantee(link_grantee(secret))), None)
    found = await sources.grants.by_slot(known.owner, known.local) if known.type == "Share" else None
    return found if found is not None and found.by_link else None
