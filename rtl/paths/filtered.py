"""Path `filtered`: factors -> correlator -> filter -> pulses."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import connect, flipped

from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.chip.paths import Filtered
from ..lib.host_port import give_registers
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
        command.value.eq(scheduled(_thresholds(m, engine), step)),
        command.update.eq(apply.payload.update),
    ]
    connect(m, block.pulses, flipped(array.pulses))
    connect(m, flipped(engine.host_filter), block.host)
    pass_on(m, gradient, block.reading, skid)
    fork(m, apply, *sinks, array.transfer, block.command, *extract(m, engine))
    return over, block.saturated


def _thresholds(m: Module, engine) -> list[tuple[int, int | Value]]:
    """The filter's schedule, of whose thresholds a host sets those that are no constants."""
    ttv2 = engine.chip.path.ttv2
    if not hasattr(engine, "host_rates"):
        return list(ttv2.schedule)
    registers = [Signal(ttv2.bits - 1, init=value, name=f"threshold_{k}") for k, (_, value) in enumerate(ttv2.schedule)]
    give_registers(m, engine.host_rates, registers)
    return [(start, register) for (start, _), register in zip(ttv2.schedule, registers, strict=True)]
