"""The command line. Exit status: 0 the run finished, 1 the user can fix it (one line on stderr),
2 wrong usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys

import typer

from graphflow.commands import app
from graphflow.errors import GraphflowError, Stopped

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; every error the user can fix becomes one line on stderr."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start threads that nothing here uses
    gc.disable()  # a run makes many objects and little garbage: looking for it costs more than it frees
    try:
        app()
    except Stopped as stopped:
        typer.echo(f"graphflow: {stopped}", err=True)
        sys.exit(130)  # as shells have it for what Ctrl-C ended
    except GraphflowError as error:
        from graphflow.words import visible

        for line in getattr(error, "lines", ()):
            typer.echo(f"note: {visible(line)}", err=True)
        typer.echo(f"graphflow: {visible(str(error))}", err=True)
        sys.exit(1)
    except SystemExit as done:
        if done.code:
            raise
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # everything is written: taking gigabytes apart object by object would only cost time
