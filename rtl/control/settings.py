"""Settings of the engine: registers that hold the chip description's values after reset.

See `golden.chip.registers`.
"""

from types import SimpleNamespace

from amaranth.hdl import Const, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from ...golden.blocks.measure.cost import FORWARD
from ...golden.chip.chip import Chip
from ...golden.chip.memory_map import Register
from ...golden.chip.registers import constants, limits, settings
from ..lib.settings_layout import LAYOUT


def effective_settings(chip: Chip, value) -> SimpleNamespace:
    """All settings by name: constants where the chip has them as such, else the fields of `value`."""
    fixed = constants(chip)
    return SimpleNamespace(
        **{name: Const(fixed[name], LAYOUT[name].shape) if name in fixed else value[name] for name in LAYOUT.members}
    )


def single_reading(chip: Chip) -> bool:
    """Whether every cost of the chip is of one reading, whatever its settings."""
    fixed = constants(chip)
    return fixed.get("average") == 0 and (chip.cost.mode != FORWARD or fixed.get("average_c0") == 0)


class Settings(Component):
    """The settings, written by the host between runs; a value out of range is ignored, and so is a constant's.

    Parameters
    ----------
    chip : golden.chip.chip.Chip

    Members
    -------
    load, load_register, load_value : the host writes a register.
    calibrated, delay : the calibration sets the delay.
    value : all settings.
    renewed : high for one clock after another seed was written.
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
                "renewed": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        registers: dict[Register, Signal] = {}
        fixed, ranges = constants(self.chip), limits(self.chip)
        for register, initial in settings(self.chip).items():
            field = register.name.lower()
            if field not in fixed:
                registers[register] = Signal(LAYOUT[field].shape, init=initial, name=field)
            m.d.comb += self.value[field].eq(registers.get(register, initial))
        with m.If(self.load), m.Switch(self.load_register):
            for register, value in registers.items():
                low, high = ranges[register]
                with m.Case(register):
                    # Both are one comparison, as unsigned numbers wrap.
                    fits = (self.load_value - low)[:32] <= high - low
                    with m.If(fits if high - low < 2**32 - 1 else Const(1)):
                        m.d.sync += value.eq(self.load_value)
        if Register.SEED in registers:
            other = self.load_value != registers[Register.SEED]
            m.d.sync += self.renewed.eq(self.load & (self.load_register == Register.SEED) & other)
        if Register.DELAY in registers:
            with m.If(self.calibrated):
                m.d.sync += registers[Register.DELAY].eq(self.delay)
        return m
