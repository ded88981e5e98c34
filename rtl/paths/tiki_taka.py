"""Path `tiki-taka`: values -> loop -> trains onto the fast array, readings of it, pulses onto the slow one."""

from amaranth.hdl import Const, Module, Value
from amaranth.lib.wiring import connect, flipped

from ..lib.streams import fork, join
from ..tiki_taka.tiki_taka import TikiTakaLoop, hosts
from ..update.learning import extract


def learn(m: Module, engine, perturbations) -> tuple[Value, Value]:
    """See `rtl.paths`."""
    apply, array = engine.sequencer.apply, engine.array
    m.submodules.loop = loop = TikiTakaLoop(engine.chip)
    fork(m, apply, loop.apply, *extract(m, engine))
    m.d.comb += [loop.apply.payload[name].eq(apply.payload[name]) for name in ("cost", "used", "update", "step")]
    m.d.comb += loop.tau_theta.eq(engine.settings.tau_theta)
    join(m, perturbations.factors, loop.values)
    if loop.lined:
        perturbations.lines.append(loop.line)
        perturbations.hidden.append(loop.hidden)
    for name in ("pulse", "train", "read"):
        connect(m, getattr(loop, name), flipped(getattr(array, name)))
    connect(m, flipped(array.reading), loop.reading)
    for name in hosts(engine.chip):
        connect(m, flipped(getattr(engine, name)), getattr(loop, name))
    return Const(0), loop.saturated
