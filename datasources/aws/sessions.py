"""Host name checks for AWS connections (docs/decisions/070-host-names-in-certificates-are-checked.md)."""

from __future__ import annotations

import ssl
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession


class CheckedSession(AIOHTTPSession):  # type: ignore[misc]
    """aiobotocore's session with host name checks enabled; aiobotocore loads the CA certificates afterwards."""

    def _get_ssl_context(self) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
