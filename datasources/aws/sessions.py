"""Connections to AWS whose certificate is checked against the host's name too (docs/decisions/070)."""

from __future__ import annotations

import ssl
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession


class CheckedSession(AIOHTTPSession):  # type: ignore[misc]
    """As aiobotocore's, which leaves the name unchecked. Whose signature counts is loaded by it afterwards."""

    def _get_ssl_context(self) -> Any:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
