"""AGAD's means: what a line's readings are centred by before the filter; see `golden.blocks.update.ttv2`."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import connect, flipped

from ...golden.blocks.tiki_taka.lines import Lines
from ...golden.blocks.update.ttv2 import Ttv2
from ..lib.fixed import approach
from ..lib.layout import LaneMemory, Sizes, lane_words
from .ttv2_line_pass import LinePass


def centre(m: Module, ttv2: Ttv2, lines: Lines, placed, host_mean, host_past):
    """Take the past mean from each reading, and bring the mean up to date.

    Parameters
    ----------
    m : Module
        Gets the memories as submodules "mean" and "past".
    placed : stream in, see `line_pass.place_words`; the command has `switched`
    host_mean, host_past : HostPort
        Words by index `word * lanes + lane`.

    Returns
    -------
    stream
        The same, where `words` are readings less the past mean, in lanes of signed(mean_bits + 1).
    """
    bits, sizes = ttv2.mean_bits, Sizes(lines.lanes, lines.depth)
    m.submodules.mean = mean = LaneMemory(sizes, bits)
    m.submodules.past = past = LaneMemory(sizes, bits)
    connect(m, flipped(host_mean), mean.host)
    connect(m, flipped(host_past), past.host)
    fields = placed.payload.shape().members | {"words": lane_words(bits + 1, lines.lanes)}
    centred = stream.Signature(data.StructLayout(fields)).create(path=("centred",))
    sweep = LinePass(m, [mean, past], placed, centred.ready, "means")
    word, out = sweep.word, centred.payload
    m.d.comb += [centred.valid.eq(sweep.full), out.place.eq(word.place), out.active.eq(word.active)]
    m.d.comb += out.command.eq(word.command)
    for lane in range(lines.lanes):
        now, before = (values[lane] for values in sweep.values)
        reading = Signal(signed(bits), name=f"reading_{lane}")
        active, z = word.active[lane], word.words[lane]
        past_now = Mux(active & word.command.switched, now, before)
        m.d.comb += [
            reading.eq((-z if ttv2.negate else z) << ttv2.fraction),
            out.words[lane].eq(reading - past_now),
            sweep.data[0][lane].eq(Mux(active, approach(now, reading, ttv2.mean), now)),
            sweep.data[1][lane].eq(past_now),
        ]
    return centred
