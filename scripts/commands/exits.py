"""How a command ends: what is expected to go wrong is one sentence on standard error, and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer


@contextmanager
def one_sentence() -> Iterator[None]:
    """Let what is expected to go wrong end in one sentence and an exit code."""
    from ...fpga.errors import BoardError, Failure
    from ...golden.chip.rules import ConfigError
    from ...golden.data.fetch import DataError

    try:
        yield
    except (Failure, BoardError) as error:
        stop(error.code, str(error))
    except (ConfigError, DataError) as error:
        stop(2, str(error))
    except OSError as error:
        stop(2, f"{error.filename or 'a file'}: {error.strerror or error}.")


def stop(code: int, sentence: str) -> NoReturn:
    """End the command with a sentence."""
    print(f"ohmgrad: {sentence}", file=sys.stderr)
    raise typer.Exit(code)
