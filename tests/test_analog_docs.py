"""The example of docs/analog.md runs as it stands, and learns."""

from pathlib import Path
from textwrap import dedent

PAGE = Path(__file__).resolve().parents[1] / "docs" / "analog.md"


def test_the_example_learns_digits(capsys):
    part = PAGE.read_text().split("## Example")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("    ") or not line]
    exec(compile(dedent("\n".join(lines)), str(PAGE), "exec"), {})
    *epochs, averaged, written = capsys.readouterr().out.splitlines()
    assert len(epochs) == 3
    # Chance is 0.1; one epoch less or a wrong sign anywhere stays far below this.
    assert float(epochs[-1].rstrip(")").split()[-1]) > 0.8
    assert float(averaged.rstrip(")").split()[-1]) > 0.8
    assert float(written) < 0.04
