"""The end of a request: what it read goes on record, or is not told."""

from access.classes import DataClass
from datasources.errors import SourceError
from execution.document_cache import Prepared
from execution.errors import RequestError
from resolvers.context import Context
from resolvers.request_audit import put_on_record


async def after_execution(context: Context, prepared: Prepared[DataClass]) -> None:
    """Records the request's readings; raises `RequestError` UNAVAILABLE where they must be on record and are not."""
    try:
        await put_on_record(context, prepared.hash)
    except SourceError as e:
        message = "What was read could not be put on record, so it is not told. Try again."
        raise RequestError("UNAVAILABLE", message, reason="AUDIT") from e
