"""A chip's Verilog under Icarus, in four states and without initial values: what a host does, and golden's words."""

import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ohmgrad.fpga.host.host import Host, on_their_way
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.memory_map import START, Region, Register, address
from ohmgrad.golden.chip.registers import registers
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.state import State, cleared
from ohmgrad.rtl.lib.ram import MACROS
from ohmgrad.rtl.lib.style import CASE, MACRO, SYNC, Style
from ohmgrad.rtl.top import Top, verilog

BENCH = Path(__file__).with_suffix(".v")
READ, WRITE, WAIT = 0, 1, 2
FILLS = ("unknown", "zeros", "ones", "most negative", "random")
"""What stands in RAM, and with the last in registers too, when the simulation begins."""
FILL = """
  integer fill, word, bit;
  initial begin
    if (!$value$plusargs("fill=%d", fill)) fill = 0;
    for (word = 0; word < DEPTH; word = word + 1) for (bit = 0; fill != 0 && bit < WIDTH; bit = bit + 1)
      memory[word][bit] = fill == 2 || (fill == 3 && bit == WIDTH - 1) || (fill == 4 && $random);
  end
"""


class Commands:
    """A `fpga.host.host.Transport` that notes what is written; zeros are not, but in samples and registers."""

    def __init__(self) -> None:
        self.words: list[int] = []

    def _add(self, kind: int, region: Region, index: int, value: int) -> None:
        self.words.append(kind << 60 | address(region, index) << 32 | value & 0xFFFFFFFF)

    def write(self, region: Region, index: int, values: NDArray[np.integer]) -> None:
        for place, value in enumerate(values.tolist(), index):
            if value or region in (Region.SAMPLES, Region.REGISTERS):
                self._add(WRITE, region, place, value)

    def read(self, region: Region, index: int, count: int) -> NDArray[np.int32]:
        return np.zeros(count, np.int32)

    def wait(self, seconds: float) -> None:
        """No time passes."""

    def run(self, target: int) -> None:
        """Start the engine, and wait until it is idle again."""
        self.write(Region.REGISTERS, Register.TARGET, np.array([target]))
        self.write(Region.REGISTERS, Register.CONTROL, np.array([START]))
        self.words.append(WAIT << 60)

    def expect(self, chip: Chip, state: State) -> None:
        """Read all memories and registers, which are to be those of a state."""
        for register, value in sorted(registers(chip, state).items()):
            self._add(READ, Region.REGISTERS, register, value)
        for memory in state.memories:
            words = state.arrays[memory.field]
            if memory.region is None:
                continue
            places = on_their_way(memory, state.step) if memory.ring else [(i, i) for i in range(words.size)]
            for place, k in places:
                self._add(READ, memory.region, place, int(words[k]))


def session(engine: Engine, pieces: tuple[int, ...]) -> list[int]:
    """Commands of a run in pieces, each compared with golden."""
    commands, state = Commands(), engine.initial()
    commands.expect(engine.chip, cleared(engine.chip))
    Host(engine.chip, commands).load(state, engine.inputs, engine.targets)
    for steps in pieces:
        engine.run(state, steps)
        commands.run(state.step)
        commands.expect(engine.chip, state)
    return commands.words


class Simulation:
    """A chip compiled by Icarus without initial values.

    Parameters
    ----------
    engine : Engine
    folder : Path
    pieces : tuple of int
        Steps of each run.
    reset : str
        `rtl.lib.style.Style.reset`.
    """

    def __init__(self, engine: Engine, folder: Path, pieces: tuple[int, ...], reset: str = SYNC):
        self.words, self.folder = session(engine, pieces), folder
        text = verilog(Top(engine.chip), style=Style(MACRO, CASE, reset))
        (folder / "chip.v").write_text(starting_anywhere(text))
        (folder / "rams.v").write_text(re.sub(r"(?<=memory \[0:DEPTH-1\];\n)", FILL, MACROS))
        (folder / "commands.hex").write_text("".join(f"{word:016x}\n" for word in self.words))
        subprocess.run(["iverilog", "-g2005", "-o", "bench", BENCH, "chip.v", "rams.v"], cwd=folder, check=True)

    def run(self, fill: str, *options: str) -> str:
        """What the bench prints: a line, or more where it complains."""
        arguments = [f"+fill={FILLS.index(fill)}", "+commands=commands.hex", f"+count={len(self.words)}", *options]
        done = subprocess.run(["vvp", "-n", "bench", *arguments], cwd=self.folder, capture_output=True, text=True)
        return done.stdout + done.stderr


def starting_anywhere(text: str) -> str:
    """Verilog whose registers start as X, or at random where RAM does."""
    modules = text.split("endmodule")
    for k, module in enumerate(modules):
        clocked = sorted(set(re.findall(r"^ +(\S+) *<= ", module, re.M)))
        start = " ".join(f"{name} = $random;" for name in clocked)
        modules[k] = module + (f'  initial if ($test$plusargs("fill=4")) begin {start} end\n' if clocked else "")
    return "endmodule".join(modules)
