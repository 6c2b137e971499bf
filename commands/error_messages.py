"""What a failed source is called to whoever reads the sentence: a part of the data folder, or a server with a name."""

from __future__ import annotations

from datasources.errors import SourceError

_SERVERS = {"tables": "DynamoDB", "keys": "KMS", "search": "OpenSearch", "media": "S3", "audit": "S3"}


def error_message(error: SourceError, *, embedded: bool) -> str:
    """One sentence; on real engines it says which server."""
    if embedded and error.source in _SERVERS:
        return f"The data folder's {error.source} cannot be used: {error.reason}."
    server = None if embedded else _SERVERS.get(error.source)
    name = f"{server} ({error.source})" if server else f"The source {error.source}"
    return f"{name} cannot be used: {error.reason}."


def embedded_stack() -> bool:
    """Whether the sources are in the data folder, as the settings say."""
    from settings import Settings, StackName

    try:
        return Settings().stack is StackName.EMBEDDED
    except ValueError:  # of pydantic, or of a variable that is no JSON: said elsewhere, and better
        return True
