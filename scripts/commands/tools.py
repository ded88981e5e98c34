"""`ohmgrad doctor`."""

from typing import Annotated

import typer

from .exits import one_sentence


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show every tool that ohmgrad uses: found, version, fit or not."""
    with one_sentence():
        from ...fpga.toolchain import doctor as run

        raise typer.Exit(run(json))
