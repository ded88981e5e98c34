"""Learning: from costs and what they are correlated with to new weights, or to pulses.

    factors -> correlator -> optimizer -> weight      (digital)
    or window ->          -> filter -> pulses         (filtered)
"""

from amaranth.hdl import Const, Module
from amaranth.lib.wiring import connect, flipped

from .buses.streams import fork, join
from .correlator import CorrelatorMemory
from .optimizer import OptimizerMemory, scheduled
from .ttv2 import FilterMemory
from .window import WindowProducts


def learn(m: Module, engine, factors):
    """Wire the blocks into a module.

    Parameters
    ----------
    m : Module
        Gets the blocks as submodules.
    engine : rtl.engine.Engine
        Its sequencer's `apply`, its ports and its settings are connected.
    factors : stream of words, or None with a window

    Returns
    -------
    tuple of Value
        High for one clock where G saturates, and where theta, M or H does.
    """
    chip, apply, sinks = engine.chip, engine.sequencer.apply, []
    gradient, over = factors, Const(0)
    if chip.window:
        m.submodules.window = window = WindowProducts(chip.window, chip.layout)
        for name in ("cost", "pattern", "used", "flush"):
            m.d.comb += window.cost.payload[name].eq(apply.payload[name])
        sinks.append(window.cost)
        gradient = window.product
    if not chip.correlator.replay:
        bits = chip.window.bits if chip.window else 0
        m.submodules.correlator = correlator = CorrelatorMemory(chip.correlator, chip.layout, bits)
        command = correlator.cost.payload
        m.d.comb += command.use.eq(apply.payload.flush) if chip.window else command.cost.eq(apply.payload.cost)
        join(m, gradient, correlator.products if chip.window else correlator.factors)
        if chip.correlator.leaky:
            m.d.comb += [correlator.leak.eq(engine.settings.leak), command.step.eq(apply.payload.update)]
        else:
            m.d.comb += command.clear.eq(apply.payload.update)
        connect(m, flipped(engine.host_gradient), correlator.host)
        sinks.append(correlator.cost)
        gradient, over = correlator.gradient, correlator.saturated
    update = _filter(m, engine, sinks) if chip.ttv2 else _optimize(m, engine)
    m.d.comb += update.command.payload.update.eq(apply.payload.update)
    join(m, gradient, update.gradient)
    fork(m, apply, *sinks, update.command)
    return over, update.saturated


def _filter(m: Module, engine, sinks: list) -> FilterMemory:
    """Filter, whose pulses go to the devices."""
    chip, apply = engine.chip, engine.sequencer.apply.payload
    m.submodules.ttv2 = block = FilterMemory(chip.ttv2, chip.layout)
    sinks.append(engine.transfer)
    m.d.comb += engine.transfer.payload.eq(apply.step)
    m.d.comb += block.command.payload.value.eq(scheduled(chip.ttv2.schedule, apply.step))
    connect(m, block.pulses, flipped(engine.pulses))
    connect(m, flipped(engine.host_filter), block.host)
    return block


def _optimize(m: Module, engine) -> OptimizerMemory:
    """Optimizer, of whose words the top bits go to the cells."""
    chip = engine.chip
    m.submodules.optimizer = block = OptimizerMemory(chip.optimizer, chip.layout)
    m.d.comb += block.command.payload.step.eq(engine.sequencer.apply.payload.step)
    join(m, block.parameters, engine.weight, chip.crossbar.drop)
    connect(m, flipped(engine.host_theta), block.host)
    if chip.optimizer.momentum:
        connect(m, flipped(engine.host_momentum), block.host_momentum)
    return block
