"""Path `tiki-taka`: values -> pulses, cursor, filter -> trains onto the fast array, pulses onto the slow one."""

from amaranth.hdl import Const, Module, Value
from amaranth.lib.wiring import connect, flipped

from ..lib.streams import fork, join
from ..tiki_taka.tiki_taka import TikiTakaLearning, hosts
from ..update.learning import extract


def learn(m: Module, engine, perturbations) -> tuple[Value, Value]:
    """See `rtl.paths`."""
    apply, array = engine.sequencer.apply, engine.array
    m.submodules.tiki_taka = block = TikiTakaLearning(engine.chip, engine.seed.value)
    fork(m, apply, block.apply, *extract(m, engine))
    m.d.comb += [block.apply.payload[name].eq(apply.payload[name]) for name in ("cost", "used", "update", "step")]
    m.d.comb += block.tau_theta.eq(engine.settings.tau_theta)
    join(m, perturbations.factors, block.values)
    if block.lined:
        perturbations.lines.append(block.line)
        if engine.chip.layout.layers:
            perturbations.hidden.append(block.hidden)
    for name in ("pulse", "train", "read"):
        connect(m, getattr(block, name), flipped(getattr(array, name)))
    connect(m, flipped(array.reading), block.reading)
    for name in hosts(engine.chip):
        connect(m, flipped(getattr(engine, name)), getattr(block, name))
    return Const(0), block.saturated
