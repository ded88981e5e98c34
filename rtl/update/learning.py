"""Learning: from costs and what they are correlated with to new weights, or to pulses.

    factors -> correlator -> optimizer -> weight      (digital)
    or window ->          -> filter -> pulses         (filtered)
    values -> loop -> train, read                     (tiki-taka)
"""

from amaranth.hdl import Const, Module
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import connect, flipped

from ...golden.blocks.tiki_taka.lines import Lines
from ..lib.streams import decouple, fork, join, skid
from ..tiki_taka.tiki_taka import hosts
from .correlator import CorrelatorMemory
from .optimizer import OptimizerMemory, scheduled
from .ttv2 import FilterMemory
from .window import WindowProducts


def learn(m: Module, engine, perturbations):
    """Wire the blocks into a module.

    Parameters
    ----------
    m : Module
        Gets the blocks as submodules.
    engine : rtl.engine.Engine
        Its sequencer's `apply`, its ports and its settings are connected.
    perturbations : rtl.perturb.perturbation.Perturbations
        Its factors are correlated, unless a window makes them; what takes a step that is presented is added to its
        sinks.

    Returns
    -------
    tuple of Value
        High for one clock where G saturates, and where theta, M or H does.
    """
    chip, apply, sinks = engine.chip, engine.sequencer.apply, []
    gradient, over = perturbations.factors, Const(0)
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
    update = _filter(m, engine, sinks) if chip.ttv2 else _optimize(m, engine, perturbations.sinks)
    m.d.comb += update.command.payload.update.eq(apply.payload.update)
    _pass_on(m, gradient, update.reading if chip.ttv2 else update.gradient, skid)
    fork(m, apply, *sinks, update.command, *_extract(m, engine))
    return over, update.saturated


def learn_on_arrays(m: Module, engine, perturbations):
    """Wire the loop over the fast array into a module; parameters and result as of `learn`."""
    apply = engine.sequencer.apply
    m.submodules.loop = loop = engine.loop
    fork(m, apply, loop.apply, *_extract(m, engine))
    m.d.comb += [loop.apply.payload[name].eq(apply.payload[name]) for name in ("cost", "used", "update", "step")]
    m.d.comb += loop.tau_theta.eq(engine.settings.tau_theta)
    join(m, perturbations.factors, loop.values)
    for name in ("pulse", "train", "read"):
        connect(m, getattr(loop, name), flipped(getattr(engine, name)))
    connect(m, flipped(engine.reading), loop.reading)
    for name in hosts(engine.chip):
        connect(m, flipped(getattr(engine, name)), getattr(loop, name))
    return Const(0), loop.saturated


def _pass_on(m: Module, source, sink, through, drop: int = 0) -> None:
    """Join two streams by way of a register, `through`, so that no block waits for a later one within a clock."""
    words = Signature(sink.payload.shape()).create(path=(through.__name__,))
    join(m, source, words, drop)
    through(m, words, sink)


def _extract(m: Module, engine) -> list:
    """Sinks of `apply` that tell which sweeps are iterates of the average.

    See `golden.blocks.update.average.iterates`.
    """
    chip, apply = engine.chip, engine.sequencer.apply.payload
    if not chip.average:
        return []
    section, command = chip.config.average, engine.average.payload
    since = apply.step - section.start
    period = 1 if chip.correlator.leaky else engine.settings.tau_theta
    use = apply.update & (since >= 0)
    if chip.average.cumulative:
        use &= since < (period << section.shift)
    else:
        m.d.comb += command.shift.eq(section.shift)
    m.d.comb += [command.use.eq(use), command.first.eq(since < period)]
    return [engine.average]


def _filter(m: Module, engine, sinks: list) -> FilterMemory:
    """Filter, whose pulses go to the devices."""
    chip, apply = engine.chip, engine.sequencer.apply.payload
    lines = Lines(((1, chip.layout.parameters),), chip.layout.lanes)  # one line holds all words
    m.submodules.ttv2 = block = FilterMemory(chip.ttv2, lines)
    command = block.command.payload
    sinks.append(engine.transfer)
    m.d.comb += engine.transfer.payload.eq(apply.step)
    m.d.comb += [command.words.eq(lines.depth), command.value.eq(scheduled(chip.ttv2.schedule, apply.step))]
    connect(m, block.pulses, flipped(engine.pulses))
    connect(m, flipped(engine.host_filter), block.host)
    return block


def _optimize(m: Module, engine, sinks: list) -> OptimizerMemory:
    """Optimizer, of whose words the top bits go to the cells; `sinks` take a presented step."""
    chip, now = engine.chip, engine.sequencer.present.payload
    m.submodules.optimizer = block = OptimizerMemory(chip.optimizer, chip.layout)
    m.d.comb += block.command.payload.step.eq(engine.sequencer.apply.payload.step)
    _pass_on(m, block.parameters, engine.weight, decouple, chip.crossbar.drop)
    connect(m, flipped(engine.host_theta), block.host)
    if chip.optimizer.momentum:
        connect(m, flipped(engine.host_momentum), block.host_momentum)
    if chip.optimizer.stochastic:
        m.d.comb += [block.ahead.payload.update.eq(now.update), block.ahead.payload.step.eq(now.step)]
        sinks.append(block.ahead)
    return block
