"""Boards: pins, clock and reset around `fpga.board.top.BoardTop`, and what their FPGAs hold."""

from collections.abc import Callable
from dataclasses import dataclass

from amaranth.build.plat import TemplatedPlatform
from amaranth.hdl import ClockDomain, ClockSignal, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.memory import Memory
from amaranth_boards.arty_a7 import ArtyA7_35Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.ulx3s import ULX3S_25F_Platform, ULX3S_85F_Platform

from ...golden.chip.chip import Chip
from ...golden.link.frames import BAUDS
from ...rtl.lib.ram import VerilogPlatform
from .clocks import Clock, ecp5_pll, ice40_pll, xilinx_pll
from .top import BoardTop

RESET_CLOCKS = 1024
"""Of the engine's clock, between the PLL's lock and the end of reset: iCE40's block RAM reads zeros for some 3 us."""
BAUD_ERROR = 0.01
"""Of the first of `BAUDS` that a whole number of clocks gives so well, which is taken."""
FEWEST_CLOCKS = 8
"""A bit."""


class _ICEBreaker(VerilogPlatform, ICEBreakerPlatform):
    """With the lamps of the part that may be broken off."""

    resources = [*ICEBreakerPlatform.resources, *ICEBreakerPlatform.break_off_pmod]


class _WithLutRam(VerilogPlatform):
    """Memories read within a clock are RAM of LUTs: Yosys would take flip-flops, as it counts no multiplexers."""

    def get_memory(self, memory: Memory) -> Elaboratable:
        if memory.write_ports and any(port.domain == "comb" for port in memory.read_ports):
            memory.attrs["ram_style"] = "distributed"
        return super().get_memory(memory)


class _ECP5(_WithLutRam):
    """A block RAM has 16,384 bits, or half as many pairs of them."""

    split = 8192


class _ULX3S25F(_ECP5, ULX3S_25F_Platform):
    pass


class _ULX3S85F(_ECP5, ULX3S_85F_Platform):
    pass


class _ArtyA7(_WithLutRam, ArtyA7_35Platform):
    pass


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes
    ----------
    name, title : str
        In the command line; of the maker.
    platform : callable
        Makes Amaranth's platform, with memories as `rtl.lib.ram`.
    family : str
        `ice40`, `ecp5` or `xilinx`.
    has : dict of str to int
        Of the FPGA: lut (4-input, but 6-input on Xilinx), ff, carry, bram (blocks; of 4, 18 or 36 kbit), spram, dsp.
    crystal_hz : int
    mhz : float
        Engine clock that a build is made for.
    lamps : tuple of (str, int)
        Resources that show running, learning, fault.
    reset : (str, int)
        Resource of the button that resets.
    programmers : tuple of tuple of str
        Commands that load a bitstream, the first one found is taken.
    """

    name: str
    title: str
    platform: Callable[[], TemplatedPlatform]
    family: str
    has: dict[str, int]
    crystal_hz: int
    mhz: float
    lamps: tuple[tuple[str, int], ...]
    reset: tuple[str, int]
    programmers: tuple[tuple[str, ...], ...]

    def clock(self, mhz: float) -> Clock:
        """Divisors of the PLL for an engine clock.

        Raises
        ------
        ValueError
            The PLL cannot make it; the message is one sentence that names the nearest that it can.
        """
        return {"ice40": ice40_pll, "ecp5": ecp5_pll, "xilinx": xilinx_pll}[self.family](self.crystal_hz, mhz)


_ULX3S = {
    "family": "ecp5",
    "crystal_hz": 25_000_000,
    "mhz": 80.0,
    "lamps": (("led", 0), ("led", 1), ("led", 2)),
    "reset": ("button_fire", 0),
    "programmers": (("openFPGALoader", "-b", "ulx3s"), ("fujprog",)),
}

BOARDS = {
    board.name: board
    for board in (
        Board(
            "icebreaker", "iCEBreaker (iCE40UP5K)", _ICEBreaker, "ice40",
            {"lut": 5280, "ff": 5280, "carry": 5280, "bram": 30, "spram": 4, "dsp": 8},
            12_000_000, 24.0, (("led_g", 0), ("led_g", 1), ("led_r", 0)), ("button", 0),
            (("openFPGALoader", "-b", "ice40_generic"), ("iceprog",)),
        ),
        Board(
            "ulx3s-85f", "ULX3S (ECP5 85F)", _ULX3S85F,
            has={"lut": 83640, "ff": 83640, "carry": 41820, "bram": 208, "spram": 0, "dsp": 156}, **_ULX3S,
        ),
        Board(
            "ulx3s-25f", "ULX3S (ECP5 25F)", _ULX3S25F,
            has={"lut": 24288, "ff": 24288, "carry": 12144, "bram": 56, "spram": 0, "dsp": 28}, **_ULX3S,
        ),
        Board(
            "arty-a7", "Arty A7-35T (Artix-7)", _ArtyA7, "xilinx",
            {"lut": 20800, "ff": 41600, "carry": 5200, "bram": 50, "spram": 0, "dsp": 90},
            100_000_000, 80.0, (("led", 0), ("led", 1), ("led", 2)), ("button", 0),
            (("openFPGALoader", "-b", "arty"),),
        ),
    )
}  # fmt: skip


def baud(clock_hz: int) -> tuple[int, int]:
    """Bits a second of the link, and clocks a bit.

    Raises
    ------
    ValueError
        The clock is too slow for any of `BAUDS`.
    """
    for rate in BAUDS:
        divisor = round(clock_hz / rate)
        if divisor >= FEWEST_CLOCKS and abs(clock_hz / divisor / rate - 1) <= BAUD_ERROR:
            return rate, divisor
    raise ValueError(f"a clock of {clock_hz / 1e6:g} MHz is too slow for the link: at least 4 MHz.")


class OnBoard(Elaboratable):
    """A chip on a board: `BoardTop` with the PLL's clock, a reset, and pins.

    Parameters
    ----------
    chip : Chip
    board : Board
    clock : Clock
        The engine's.
    """

    def __init__(self, chip: Chip, board: Board, clock: Clock):
        self.board, self.clock = board, clock
        self.top = BoardTop(chip, baud(clock.hz)[1], clock.hz)

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain()
        locked = Signal(name="locked")
        pin = platform.request(platform.default_clk, dir="-")
        self.clock.instantiate(m, pin, ClockSignal("sync"), locked)
        m.submodules.button = button = io.Buffer("i", platform.request(*self.board.reset, dir="-"))
        self._reset(m, locked, button.i)

        m.submodules.board = top = self.top
        line = platform.request("uart", 0, dir="-")
        m.submodules.rx, m.submodules.tx = rx, tx = io.Buffer("i", line.rx), io.Buffer("o", line.tx)
        m.d.comb += [top.rx.eq(rx.i), tx.o.eq(top.tx)]
        for lamp, shown in zip(self.board.lamps, (top.running, top.learning, top.fault), strict=True):
            m.submodules[f"{shown.name}_lamp"] = driver = io.Buffer("o", platform.request(*lamp, dir="-"))
            m.d.comb += driver.o.eq(shown)
        return m

    def _reset(self, m: Module, locked: Signal, pressed: Signal) -> None:
        """Reset from the first clock until `RESET_CLOCKS` after lock and button."""
        m.domains.start = ClockDomain(reset_less=True, local=True)
        ready, held = Signal(name="ready"), Signal(init=1, name="held")
        count = Signal(range(RESET_CLOCKS), name="count")
        m.submodules.ready = FFSynchronizer(locked & ~pressed, ready, o_domain="start")
        m.d.comb += [ClockSignal("start").eq(ClockSignal("sync")), ResetSignal("sync").eq(held)]
        with m.If(~ready):
            m.d.start += [count.eq(0), held.eq(1)]
        with m.Elif(count == RESET_CLOCKS - 1):
            m.d.start += held.eq(0)
        with m.Else():
            m.d.start += count.eq(count + 1)
