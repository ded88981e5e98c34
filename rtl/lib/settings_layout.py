"""Layout of the engine's settings, which the blocks that use them take as a port; see `rtl.control.settings`."""

from amaranth.lib import data

from ...golden.chip.counters import TAU_BITS

LAYOUT = data.StructLayout(
    {
        "tau_p": TAU_BITS, "tau_x": TAU_BITS, "tau_theta": TAU_BITS, "refresh": TAU_BITS,
        "average": 3, "average_c0": 3, "blanking": TAU_BITS, "delay": 4, "settle": 16, "decay": 16, "leak": 16,
        "seed": 32,
    }
)  # fmt: skip
