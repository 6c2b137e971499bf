"""Error messages for unavailable sources, which name the part of the data folder or the server."""

from __future__ import annotations

from datasources.errors import SourceError

_SERVERS = {"tables": "DynamoDB", "keys": "KMS", "search": "OpenSearch", "media": "S3", "audit": "S3"}


def error_message(error: SourceError, *, embedded: bool) -> str:
    """One sentence; with production engines it names the server."""
    if embedded and error.source in _SERVERS:
        return f"The data folder's {error.source} cannot be used: {error.reason}."
    server = None if embedded else _SERVERS.get(error.source)
    name = f"{server} ({error.source})" if server else f"The source {error.source}"
    return f"{name} cannot be used: {error.reason}."


def embedded_stack() -> bool:
    """Whether the settings select the embedded engines."""
    from settings import Settings, StackName

    try:
        return Settings().stack is StackName.EMBEDDED
    except ValueError:  # invalid settings have their own error message
        return True
