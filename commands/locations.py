"""The command `locations`, which serves only the location service."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.app import Data, app, settings_of


@app.command()
def locations(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. Only loopback is allowed unless PHOTOS_EXPOSE=true.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8100,
) -> None:
    """Serve the location service over HTTP until Ctrl-C.

    Callers need a bearer token of a service with the scope locations:resolve.
    """
    from commands.process import listen, serve_app
    from serving.locations.service import locations_app

    settings = settings_of(data=data, host=host, port=port)
    with listen(settings) as socket:
        serve_app(locations_app(settings), socket, lambda: f"The location service is ready: {settings.url}/v1/about")
