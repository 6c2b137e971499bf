"""The hook after execution: writes the access log before the result is sent."""

from access.classes import DataClass
from datasources.errors import SourceError
from execution.document_cache import Prepared
from execution.errors import RequestError
from resolvers.context import Context
from resolvers.request_audit import record_reads


async def after_execution(context: Context, prepared: Prepared[DataClass]) -> None:
    """Writes the access log entries of the request; raises UNAVAILABLE if required entries cannot be written."""
    try:
        await record_reads(context, prepared.hash)
    except SourceError as e:
        message = "The access log could not be written, so no data is returned. Retry later."
        raise RequestError("UNAVAILABLE", message, reason="AUDIT") from e
