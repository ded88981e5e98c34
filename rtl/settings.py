"""Settings of the engine: registers that hold the chip description's values after reset; see `golden.registers`."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data
from amaranth.lib.wiring import Component, In, Out

from ..golden.chip import Chip
from ..golden.cost import AVERAGE
from ..golden.memory_map import Register
from ..golden.registers import settings

TAU_BITS = 21
LAYOUT = data.StructLayout(
    {
        "tau_p": TAU_BITS, "tau_x": TAU_BITS, "tau_theta": TAU_BITS, "refresh": TAU_BITS,
        "average": 3, "average_c0": 3, "blanking": TAU_BITS, "delay": 4, "settle": 16, "decay": 16, "leak": 16,
    }
)  # fmt: skip


class Settings(Component):
    """The settings, written by the host between runs; a value out of range is ignored.

    Parameters
    ----------
    chip : golden.chip.Chip

    Members
    -------
    load, load_register, load_value : the host writes a register.
    calibrated, delay : the calibration sets the delay.
    value : all settings.
    """

    def __init__(self, chip: Chip):
        self.chip = chip
        super().__init__(
            {
                "load": In(1),
                "load_register": In(Register),
                "load_value": In(32),
                "calibrated": In(1),
                "delay": In(4),
                "value": Out(LAYOUT),
            }
        )

    def elaborate(self, platform):
        m = Module()
        largest = dict.fromkeys(LAYOUT.members, (1, 2**20))
        for name, tau in zip(("tau_p", "tau_theta"), self.chip.config.largest, strict=True):
            largest[name] = (1, tau)
        largest |= {"refresh": (0, 2**20), "average": (0, AVERAGE), "average_c0": (0, AVERAGE)}
        largest |= {"blanking": (0, 2**20 - 1), "delay": (0, 15), "settle": (0, 65535)}
        largest |= {"decay": (0, 65535), "leak": (1, 32768)}
        held = {}
        for register, initial in settings(self.chip).items():
            field = register.name.lower()
            held[register] = Signal(LAYOUT[field].shape, init=initial, name=field)
            m.d.comb += self.value[field].eq(held[register])
        with m.If(self.load):
            with m.Switch(self.load_register):
                for register, value in held.items():
                    low, high = largest[register.name.lower()]
                    with m.Case(register):
                        # Both are one comparison, as unsigned numbers wrap.
                        with m.If((self.load_value - low)[:32] <= high - low):
                            m.d.sync += value.eq(self.load_value)
        with m.If(self.calibrated):
            m.d.sync += held[Register.DELAY].eq(self.delay)
        return m
