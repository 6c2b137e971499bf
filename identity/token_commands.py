"""Tokens by the command line: works beside a running server, for the issuer's key is a file of the data folder."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from access.ids import BadId
from access.viewer import GuestOf
from datasources import Sources
from datasources.data_folder import EMBEDDED, prepare
from datasources.tables.grants import GrantRecord, link_grantee
from identity.data_folder_keys import open_beside
from identity.issuer import LocalIssuer
from settings import Settings, UnusableSettings


async def token_for(
    settings: Settings,
    *,
    customer: str | None,
    service: tuple[str | None, tuple[str, ...], str | None],
    guest: str | None,
) -> str:
    """The token of whichever is given; raises `UnusableSettings` where there is no such share."""
    stack = settings.engines
    folder = prepare(settings.data, EMBEDDED if stack is None else stack.name)
    if customer is not None:
        return LocalIssuer.development(folder, settings.audience, time.time).customer(customer)
    name, scopes, purpose = service
    if name is not None:
        return LocalIssuer.development(folder, settings.audience, time.time).service(name, scopes, purpose)
    sources = await open_beside(settings)
    try:
        grant = await _link(sources, guest or "")
    finally:
        await sources.close()
    if grant is None or (grant.expires_at_ms is not None and grant.expires_at_ms <= sources.now_ms()):
        raise UnusableSettings("There is no such share by link, or it has ended.")
    until = None if grant.expires_at_ms is None else grant.expires_at_ms / 1_000
    of = GuestOf(grant.owner, grant.album, grant.grantee)
    return LocalIssuer.links(folder, settings.audience, time.time).guest(of, until_s=until)


async def _link(sources: Sources, share: str) -> GrantRecord | None:
    try:
        known = sources.ids.decode(share)
    except BadId:
        secret = urlsplit(share).fragment or share
        return next(iter(await sources.grants.of_grantee(link_grantee(secret))), None)
    found = await sources.grants.by_slot(known.owner, known.local) if known.type == "Share" else None
    return found if found is not None and found.by_link else None
