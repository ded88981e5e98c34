"""PLLs: the engine's clock from a board's crystal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from amaranth.hdl import Const, Instance, Module, Signal, Value
from amaranth.lib import io

from ...rtl.lib.signals import signals


@dataclass(frozen=True)
class Clock:
    """An engine clock, and how a PLL makes it.

    Attributes
    ----------
    hz : int
    primitive : str
        The PLL: SB_PLL40_PAD, EHXPLLL or PLLE2_BASE.
    parameters : dict
        Its own.
    """

    hz: int
    primitive: str
    parameters: dict[str, int | str | float] = field(hash=False)

    def instantiate(self, m: Module, pin: io.PortLike, clock: Value, locked: Signal) -> None:
        """Add the PLL.

        Parameters
        ----------
        pin : amaranth.lib.io.PortLike
            Of the crystal.
        clock, locked : Value
            Driven by it.
        """
        {"SB_PLL40_PAD": self._ice40, "EHXPLLL": self._ecp5, "PLLE2_BASE": self._xilinx}[self.primitive](
            m, pin, clock, locked
        )

    def _ice40(self, m: Module, pin, clock: Value, locked: Signal) -> None:
        # The crystal is on the PLL's own pad, which goes nowhere else.
        m.submodules.pll = Instance(
            self.primitive, **self._named(), io_PACKAGEPIN=pin.io, i_RESETB=Const(1), i_BYPASS=Const(0),
            o_PLLOUTGLOBAL=clock, o_LOCK=locked,
        )  # fmt: skip

    def _ecp5(self, m: Module, pin, clock: Value, locked: Signal) -> None:
        m.submodules.crystal = crystal = io.Buffer("i", pin)
        # As Project Trellis' ecppll has them: a phase that nobody moves.
        still = {"PHASEDIR": 1, "PHASESTEP": 1, "PHASELOADREG": 1}
        off = ("RST", "STDBY", "PHASESEL0", "PHASESEL1", "PLLWAKESYNC", "ENCLKOP", *still)
        m.submodules.pll = Instance(
            self.primitive, **self._named(), i_CLKI=crystal.i, i_CLKFB=clock, o_CLKOP=clock, o_LOCK=locked,
            **{f"i_{port}": Const(still.get(port, 0), 1) for port in off},
            # Of the analog part, as Lattice's tool writes them.
            a_ICP_CURRENT="12", a_LPF_RESISTOR="8", a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2",
        )  # fmt: skip

    def _xilinx(self, m: Module, pin, clock: Value, locked: Signal) -> None:
        m.submodules.crystal = crystal = io.Buffer("i", pin)
        feedback, made = signals("feedback made")
        m.submodules.pll = Instance(
            self.primitive, **self._named(), i_CLKIN1=crystal.i, i_RST=Const(0), i_PWRDWN=Const(0),
            i_CLKFBIN=feedback, o_CLKFBOUT=feedback, o_CLKOUT0=made, o_LOCKED=locked,
        )  # fmt: skip
        m.submodules.global_buffer = Instance("BUFG", i_I=made, o_O=clock)

    def _named(self) -> dict:
        return {f"p_{name}": value for name, value in self.parameters.items()}


def ice40_pll(crystal_hz: int, mhz: float) -> Clock:
    """Clock by SB_PLL40_PAD with simple feedback; Lattice FPGA-TN-02052: 16 to 275 MHz, VCO 533 to 1066 MHz.

    Raises
    ------
    ValueError
        It cannot be made; the message is one sentence that names the nearest that can.
    """
    found = {}
    for reference, feedback, output in ((r, f, q) for r in range(16) for f in range(128) for q in range(1, 7)):
        phase = Fraction(crystal_hz, reference + 1)
        vco = phase * (feedback + 1)
        if 10e6 <= phase <= 133e6 and 533e6 <= vco <= 1066e6 and 16e6 <= vco / 2**output <= 275e6:
            found.setdefault(vco / 2**output, (reference, feedback, output, phase))
    hz = _nearest(found, mhz)
    reference, feedback, output, phase = found[hz]
    # The loop filter goes by the frequency that the phases are compared at.
    filter_range = 1 + sum(phase >= edge for edge in (17e6, 26e6, 44e6, 66e6, 101e6))
    return Clock(
        int(hz), "SB_PLL40_PAD",
        {
            "FEEDBACK_PATH": "SIMPLE", "PLLOUT_SELECT": "GENCLK",
            "DIVR": Const(reference, 4), "DIVF": Const(feedback, 7), "DIVQ": Const(output, 3),
            "FILTER_RANGE": Const(filter_range, 3),
        },
    )  # fmt: skip


def ecp5_pll(crystal_hz: int, mhz: float) -> Clock:
    """Clock by EHXPLLL with feedback from its output; Lattice FPGA-TN-02200: VCO 400 to 800 MHz.

    Raises
    ------
    ValueError
        As `ice40_pll`.
    """
    found: dict[Fraction, tuple[int, int, int]] = {}
    # Phases are compared at 3.125 MHz or more.
    for reference in range(1, int(crystal_hz / 3.125e6) + 1):
        for feedback in range(1, 81):
            hz = Fraction(crystal_hz * feedback, reference)
            outputs = [output for output in range(1, 129) if 400e6 <= hz * output <= 800e6]
            if outputs:
                middle = min(outputs, key=lambda output: (abs(hz * output - 600_000_000), output))
                found.setdefault(hz, (reference, feedback, middle))
    hz = _nearest(found, mhz)
    reference, feedback, output = found[hz]
    return Clock(
        int(hz), "EHXPLLL",
        {
            "PLLRST_ENA": "DISABLED", "INTFB_WAKE": "DISABLED", "STDBY_ENABLE": "DISABLED",
            "DPHASE_SOURCE": "DISABLED", "OUTDIVIDER_MUXA": "DIVA", "OUTDIVIDER_MUXB": "DIVB",
            "OUTDIVIDER_MUXC": "DIVC", "OUTDIVIDER_MUXD": "DIVD", "FEEDBK_PATH": "CLKOP",
            "CLKI_DIV": reference, "CLKFB_DIV": feedback, "CLKOP_ENABLE": "ENABLED", "CLKOP_DIV": output,
            # Its phase against others; the feedback is taken behind it.
            "CLKOP_CPHASE": (output - 1) // 2, "CLKOP_FPHASE": 0,
        },
    )  # fmt: skip


def xilinx_pll(crystal_hz: int, mhz: float) -> Clock:
    """Clock by PLLE2_BASE; Xilinx UG472 and DS181, slowest grade: VCO 800 to 1600 MHz.

    Raises
    ------
    ValueError
        As `ice40_pll`.
    """
    found: dict[Fraction, tuple[int, int]] = {}
    for feedback in range(2, 65):
        vco = crystal_hz * feedback
        if 800e6 <= vco <= 1600e6:
            for output in range(1, 129):
                found.setdefault(Fraction(vco, output), (feedback, output))
    hz = _nearest(found, mhz)
    feedback, output = found[hz]
    return Clock(
        int(hz), "PLLE2_BASE",
        {
            "CLKIN1_PERIOD": 1e9 / crystal_hz, "DIVCLK_DIVIDE": 1, "CLKFBOUT_MULT": feedback,
            "CLKOUT0_DIVIDE": output,
        },
    )  # fmt: skip


def _nearest(found: Iterable[Fraction], mhz: float) -> Fraction:
    """The clock of `mhz`, which must be one of `found` to a thousandth."""
    nearest = min(found, key=lambda hz: abs(hz - Fraction(mhz) * 10**6))
    if abs(float(nearest) / (mhz * 1e6) - 1) > 1e-3:
        raise ValueError(f"the PLL makes no {mhz:g} MHz; the nearest that it makes is {float(nearest) / 1e6:.5g} MHz.")
    return nearest
