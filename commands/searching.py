"""Commands over the index of photos: `reindex`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from commands.app import Data, app, refuse, say, settings_of

_Cluster = Annotated[
    str | None,
    typer.Option("--opensearch", envvar="PHOTOS_OPENSEARCH_URL", help="Address of the cluster; without: the index of the folder"),
]
_User = Annotated[str | None, typer.Option("--user", envvar="PHOTOS_OPENSEARCH_USER", help="Its user", show_default=False)]
_Password = Annotated[
    str | None,
    typer.Option(hidden=True, envvar="PHOTOS_OPENSEARCH_PASSWORD", help="From the environment only", show_default=False),
]
_Authority = Annotated[
    Path | None,
    typer.Option("--ca-file", envvar="PHOTOS_OPENSEARCH_CA_FILE", help="Signer of its certificate", show_default=False),
]


@app.command()
def reindex(
    data: Data = None,
    opensearch: _Cluster = None,
    user: _User = None,
    password: _Password = None,
    ca_file: _Authority = None,
    *,
    back: Annotated[bool, typer.Option("--back", help="Put the index of before in its place again")] = False,
    finish: Annotated[bool, typer.Option("--finish", help="Delete the index of before: there is no way back then")] = False,
) -> None:
    """Make the search index anew from the tables, beside the one that serves, and put it in its place.

    On OpenSearch nobody notices: writers write to both, readers change over at once, and the old index is kept up until
    `--finish`. Stopped anywhere, the same command goes on. The index of a data folder is rebuilt while no server runs.
    The last line of standard output is one JSON object. Exit code 1 where index and tables do not come to agree.
    """
    from datasources.errors import SourceError
    from datasources.folder import UnusableFolder
    from ingest.reindexing import Differs

    folder = settings_of(data=data).data
    if not folder.exists():
        refuse(f"There is no data folder {folder}.")
    if back and finish:
        refuse("--back and --finish exclude each other.")
    if opensearch is None and (back or finish):
        refuse("The index of a data folder is replaced by the new one at once: there is nothing to go back to or to finish.")
    try:
        if opensearch is None:
            line = asyncio.run(_folder(folder))
        else:
            from datasources.search.opensearch_wire import Cluster

            cluster = Cluster(opensearch, user, password, ca_file, deadline_s=30.0)
            line = asyncio.run(_cluster(folder, cluster, "back" if back else "finish" if finish else "new"))
    except (SourceError, Differs, UnusableFolder) as e:
        refuse(f"{e}" if str(e).endswith(".") else f"{e}.")
    say(line)


async def _folder(folder: Path) -> str:
    from ingest.exchanging import renew_folder
    from ingest.screen import screen_for

    screen = screen_for()
    try:
        return await renew_folder(folder, screen)
    finally:
        screen.close()


async def _cluster(folder: Path, cluster: object, what: str) -> str:
    from datasources.search.opensearch_indices import Indices
    from datasources.search.opensearch_wire import Cluster
    from ingest.exchanging import finished, gone_back, renewed
    from ingest.holding import beside
    from ingest.screen import screen_for

    assert isinstance(cluster, Cluster)
    indices, screen = Indices.connect(cluster), screen_for()
    try:
        async with beside(folder, "a reindex") as (sources, _):
            return await {"new": renewed, "back": gone_back, "finish": finished}[what](sources, indices, screen)
    finally:
        screen.close()
        await indices.close()
