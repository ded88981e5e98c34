"""`ohmgrad reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from .exits import one_sentence
from .options import Data


def reproduce(
    paper: Annotated[str, typer.Argument(metavar="GROUP", help="Group of studies: mgd, ttv2.")] = "mgd",
    studies: Annotated[
        list[str] | None,
        typer.Argument(metavar="STUDY", help="Which of them; all if none is named.", show_default=False),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Seeds, in place of a study's own number.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes, into build/reproduce/quick.")] = False,
    data: Data = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Gets pages, pictures and JSON; docs/results/GROUP if not given."),
    ] = None,
) -> None:
    """Reproduce published results: a page with table and picture for each study.

    Results of finished pieces are kept in build/reproduce: the same command goes on where it was stopped.

    Studies of mgd: xor, parity, nist7x7, angle, mnist, fashion, width, tau, cnn, noise, onchip;
    of ttv2: ttv2_mnist, ttv2_onchip.
    """
    with one_sentence():
        from ..reproduce import reproduce as run
        from ..studies.framework import Options

        folder = output or Path("build/reproduce/quick" if quick else f"docs/results/{paper}")
        for page in run(paper, studies or [], Options(seeds, quick), folder):
            print(page)
