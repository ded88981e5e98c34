"""How the engine is controlled and read: what `rtl.control.host_registers` gives a host addresses for."""

from amaranth.hdl import Module, signed
from amaranth.lib import data
from amaranth.lib.wiring import In, Member, Out, Signature, connect

from ...golden.chip.chip import Chip
from ...golden.chip.counters import COUNTER
from ...golden.chip.memories import memories
from ...golden.chip.memory_map import Register
from ..lib.host_port import HostPort
from ..lib.settings_layout import LAYOUT
from ..measure.cost import result_layout, sum_shape
from .sequencer_counters import counter_ports


def control_members(chip: Chip) -> dict[str, Member]:
    """Members of `rtl.engine.Engine` beside its array and its telemetry, which has their meaning."""
    count, last = chip.samples.size.bit_length(), result_layout(chip.cost)
    members = dict.fromkeys(("start", "stop", "evaluate", "calibrate"), In(1))
    members |= {"target": In(COUNTER), "load": In(1), "load_register": In(Register), "load_value": In(32)}
    members |= {} if chip.emulated else {"cut": In(1)}
    members |= {"infer": In(1)} if chip.config.engine.inference else {}
    members |= {"busy": Out(1), "learning": Out(1), "saturated": Out(3)}
    members |= {"last": Out(last), "total": Out(sum_shape(chip.cost, count)), "right": Out(count)}
    members |= {"settings": Out(LAYOUT), "memory": Out(data.ArrayLayout(signed(64), 2))}
    members |= {name: Out(shape) for name, shape in counter_ports(chip).items()}
    return members | {memory.port: In(HostPort()) for memory in memories(chip) if memory.region is not None}


class ControlPort(Signature):
    """All of `control_members`, as the engine sees them.

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    """

    def __init__(self, chip: Chip):
        super().__init__(control_members(chip))


def connect_control(m: Module, chip: Chip, engine, port) -> None:
    """Connect an engine's members with a member `Out(ControlPort(chip))` flipped, of a submodule."""
    for name, member in control_members(chip).items():
        inner, outer = getattr(engine, name), getattr(port, name)
        if not member.is_port:
            connect(m, inner, outer)
        elif member.flow == Out:
            m.d.comb += outer.eq(inner)
        else:
            m.d.comb += inner.eq(outer)
