"""Path `filtered`: factors -> correlator -> filter -> pulses."""

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import connect, flipped

from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.chip.paths import Filtered
from ..lib.streams import fork, skid
from ..update.learning import correlate, extract, pass_on
from ..update.optimizer import scheduled
from ..update.ttv2 import FilterMemory


def learn(m: Module, engine, perturbations) -> tuple[Value, Value]:
    """See `rtl.paths`."""
    chip, apply, array = engine.chip, engine.sequencer.apply, engine.array
    assert isinstance(chip.path, Filtered)
    gradient, sinks, over = correlate(m, engine, perturbations)
    lines = Lines(((1, chip.layout.parameters),), chip.layout.lanes)  # one line holds all words
    m.submodules.ttv2 = block = FilterMemory(chip.path.ttv2, lines)
    command, step = block.command.payload, apply.payload.step
    m.d.comb += [
        array.transfer.payload.eq(step),
        command.words.eq(lines.depth),
        command.value.eq(scheduled(chip.path.ttv2.schedule, step)),
        command.update.eq(apply.payload.update),
    ]
    connect(m, block.pulses, flipped(array.pulses))
    connect(m, flipped(engine.host_filter), block.host)
    pass_on(m, gradient, block.reading, skid)
    fork(m, apply, *sinks, array.transfer, block.command, *extract(m, engine))
    return over, block.saturated
