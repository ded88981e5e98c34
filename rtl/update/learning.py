"""What update paths have in common: from costs and what they are correlated with to words of G; and to the average.

    factors -> correlator -> gradient
    or window ->          ->
"""

from amaranth.hdl import Const, Module, Value
from amaranth.lib.stream import Signature
from amaranth.lib.wiring import connect, flipped

from ..lib.streams import join
from .correlator import CorrelatorMemory
from .window import WindowProducts


def correlate(m: Module, engine, perturbations) -> tuple[object, list, Value]:
    """Wire window and correlator of an engine into a module.

    Parameters
    ----------
    m : Module
        Gets the blocks as submodules.
    engine : rtl.engine.Engine
        Its sequencer's `apply`, its ports and its settings are connected.
    perturbations : rtl.perturb.perturbation.Perturbations
        Its factors are correlated, unless a window makes them.

    Returns
    -------
    stream of words of G; list of streams that take what a sweep applies; Value
        The last is high for one clock where G saturates.
    """
    chip, apply, sinks = engine.chip, engine.sequencer.apply, []
    gradient, over = perturbations.factors, Const(0)
    if chip.window:
        m.submodules.window = window = WindowProducts(chip.window, chip.layout, engine.seed.value)
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
    return gradient, sinks, over


def pass_on(m: Module, source, sink, through, drop: int = 0) -> None:
    """Join two streams by way of a register, `through`, so that no block waits for a later one within a clock."""
    words = Signature(sink.payload.shape()).create(path=(through.__name__,))
    join(m, source, words, drop)
    through(m, words, sink)


def extract(m: Module, engine) -> list:
    """Sinks of `apply` that tell which sweeps are iterates of the average.

    See `golden.blocks.update.average.iterates`.
    """
    chip, apply = engine.chip, engine.sequencer.apply.payload
    if not chip.average:
        return []
    section, command = chip.config.average, engine.array.average.payload
    since = apply.step - section.start
    period = 1 if chip.correlator.leaky else engine.settings.tau_theta
    use = apply.update & (since >= 0)
    if chip.average.cumulative:
        use &= since < (period << section.shift)
    else:
        m.d.comb += command.shift.eq(section.shift)
    m.d.comb += [command.use.eq(use), command.first.eq(since < period)]
    return [engine.array.average]
