"""The command `photos-gateway`. Errors are one sentence on standard error; standard output has only results."""

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
"""The modules of the commands; each registers its commands when it is imported."""


def _exit_code(run: Callable[[], None]) -> int:
    """Runs the command and prints its error; the exit code."""
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
        sys.stderr.write("The customer was erased, so nothing can be written for them: use another customer id.\n")
    except SourceError as e:
        from commands.error_messages import embedded_stack, error_message

        sys.stderr.write(error_message(e, embedded=embedded_stack()) + "\n")
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python reports the error again at exit
    return 1


def main() -> None:
    """Runs the command line and exits. Files that the process creates are readable for its user only."""
    os.umask(0o077)
    sys.exit(_exit_code(app))


if __name__ == "__main__":
    main()
