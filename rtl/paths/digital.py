"""Path `digital`: factors -> correlator -> optimizer -> weight."""

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import connect, flipped

from ...golden.chip.paths import Digital
from ..lib.streams import decouple, fork, skid
from ..update.learning import correlate, extract, pass_on
from ..update.optimizer import OptimizerMemory


def learn(m: Module, engine, perturbations) -> tuple[Value, Value]:
    """See `rtl.paths`."""
    chip, apply = engine.chip, engine.sequencer.apply
    gradient, sinks, over = correlate(m, engine, perturbations)
    block = _optimize(m, engine, perturbations.sinks)
    m.d.comb += block.command.payload.update.eq(apply.payload.update)
    pass_on(m, gradient, block.gradient, skid)
    pass_on(m, block.parameters, engine.array.weight, decouple, chip.crossbar.drop)
    fork(m, apply, *sinks, block.command, *extract(m, engine))
    return over, block.saturated


def _optimize(m: Module, engine, sinks: list) -> OptimizerMemory:
    """Optimizer, of whose words the top bits go to the cells; `sinks` take a presented step."""
    path, now = engine.chip.path, engine.sequencer.present.payload
    assert isinstance(path, Digital)
    writable = hasattr(engine, "host_rates")
    m.submodules.optimizer = block = OptimizerMemory(path.optimizer, engine.chip.layout, engine.seed.value, writable)
    if writable:
        connect(m, flipped(engine.host_rates), block.host_rates)
    m.d.comb += block.command.payload.step.eq(engine.sequencer.apply.payload.step)
    connect(m, flipped(engine.host_theta), block.host)
    if path.optimizer.momentum:
        connect(m, flipped(engine.host_momentum), block.host_momentum)
    if path.optimizer.stochastic:
        m.d.comb += [block.ahead.payload.update.eq(now.update), block.ahead.payload.step.eq(now.step)]
        sinks.append(block.ahead)
    return block
