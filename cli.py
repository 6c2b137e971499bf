"""The command `photos-gateway`. Every refusal is one sentence on standard error; results alone go to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from commands import (
    audit,
    documents,
    erase,
    keys,
    library,
    locations,
    places,
    provisioning,
    reindex,
    serve,
    settings,
    support,
    tokens,
)
from commands.app import INTERRUPTED, app

COMMANDS = (
    serve,
    library,
    reindex,
    places,
    tokens,
    support,
    documents,
    settings,
    audit,
    erase,
    keys,
    provisioning,
    locations,
)
"""Each registers its commands when it is imported."""


def _told(run: Callable[[], None]) -> int:
    from datasources.data_folder import UnusableFolder
    from datasources.errors import SourceError
    from datasources.tables.keys import Destroyed
    from ingest.readers.reading import Unreadable
    from settings import UnusableSettings

    try:
        run()
    except (UnusableFolder, Unreadable, UnusableSettings) as e:
        sys.stderr.write(f"{e}\n")
    except Destroyed:
        sys.stderr.write("This customer was erased: nothing is taken for them any more.\n")
    except SourceError as e:
        from commands.error_messages import embedded_stack, error_message

        sys.stderr.write(error_message(e, embedded=embedded_stack()) + "\n")
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains once more at its end
    return 1


def main() -> None:
    """The entry point of the command."""
    sys.exit(_told(app))


if __name__ == "__main__":
    main()
