"""How a command ends: what is expected to go wrong is one sentence on standard error, and an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

GONE = 141
"""Exit code of a command whose reader has gone: that of a process that SIGPIPE ended."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Let what is expected to go wrong end in one sentence and an exit code."""
    from ...fpga.errors import BoardError, Failure
    from ...golden.chip.rules import ConfigError
    from ...golden.data.fetch import DataError
    from ...golden.errors import WeightsError

    try:
        yield
    except (Failure, BoardError) as error:
        stop(error.code, str(error))
    except (ConfigError, DataError, WeightsError) as error:
        stop(2, str(error))
    except ModuleNotFoundError as error:  # of another's package: a missing extra
        if not error.name or error.name.partition(".")[0] == "ohmgrad":
            raise
        from ...fpga.toolchain import install

        stop(1, f"{error.name} is not installed: run {install(error.name)}.")
    except BrokenPipeError:
        no_more_output()
        raise typer.Exit(GONE) from None
    except OSError as error:
        stop(2, f"{error.filename or 'standard output'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        stop(130, "interrupted.")


def no_more_output() -> None:
    """Have the rest of what is said go nowhere, as whoever read it has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stop(code: int, sentence: str) -> NoReturn:
    """End the command with a sentence."""
    print(f"ohmgrad: {sentence}", file=sys.stderr)
    raise typer.Exit(code)
