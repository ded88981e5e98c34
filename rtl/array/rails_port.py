"""The contract between the engine and an array that has one copy of itself."""

from amaranth.hdl import Shape, signed
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out, Signature

from ...golden.chip.chip import Chip
from ..lib.layout import lane_words
from .port import SAMPLE, STREAMS, activity, safety, sample_members


class RailPort(Signature):
    """All that goes between `rtl.array.rails` and the array of a chip with `array.rails = 1`: Out leaves ours.

    Streams are those of `amaranth.lib.stream`, as of `rtl.array.port.ArrayPort`. A sweep, one reading of a step, shows
    those rails whose cost the engine uses, rail 0 first: all words, after which the array settles and is converted.
    Antithetic costs take two presentations; forward ones take one, and one more where C0 is measured; analog ones one.
    The sweep behind a run's last step is one without perturbation and without conversions.

    A network, whose neurons are in the engine, has `line`, `adc` and `hidden` in place of `sample` and `cost`. Its
    sweep shows one rail: a reading of a step takes one sweep for each rail that the engine uses, rail 0 first. All of
    them are converted once and answered, that behind a run's last step too.

    ========= ========= ============================== ===============================================================
    name      direction payload, bits                  meaning; how many
    ========= ========= ============================== ===============================================================
    sample    out       `rtl.array.port.SAMPLE`        number of the sample, and whether it is another than before; one
                                                       a sweep, before its first word: the array may take its time to
                                                       fetch it before it is ready
    line      out       as of `rtl.array.port`         codes of the sample, then of its targets; a sample a sweep,
    target                                             between `sample` and the first of the words
    code      out       lanes of `weights.dac_bits`    digital weights: w + p a s of each cell's DAC, trimmed with
                                                       `array.trim`; `layout.words` a presentation
    pulses    out       lanes of 2 bits                `filtered`: a pulse down, none or up for each device; words a
                                                       sweep, before the signs of its first presentation
    transfer  out       32, unsigned                   `filtered`: number of the sweep's pulses; one a sweep
    pulse     out       as of `rtl.array.port`         `tiki-taka`: vectors of pulses onto A, lines of A that are read,
    train                                              then a vector of pulses onto C; all of them in every sweep
    read                                               before the signs of its first presentation
    reading   in
    sign      out       lanes of 2 bits, or a sine's   devices: perturbation p s of each; words a presentation
    settle    out       1                              what was presented is settling: `engine.settle` clocks from the
                                                       last word on
    convert   out       1                              high for one clock: a conversion is to begin
    adc       in        `array.adc_bits`               network: codes of the neurons' inputs, layer by layer, from
                                                       `convert` on; one a neuron and sweep
    hidden    out       `array.input_bits`             network: codes for the lines of further layers, as their
                                                       neurons are done; one a hidden neuron and sweep
    cost      in        `cost.word_bits`               what the conversion gives, one a strobe: the next strobe comes
                                                       when it was taken; `array.readings` a presentation
    activity  in        as of `rtl.array.port`         node perturbation: codes of the lines at the last presentation
                                                       of a sweep; of every sweep
    busy      in        1                              the array is not ready for a run
    saturated in        1                              high for one clock when a word of the array's saturates
    safe      out       1                              take the safe codes; high unless something runs
    fault     in        1                              high for one clock when the array is not to be relied upon, as
                                                       when a device is worn: the run ends (`rtl.array.guard`)
    enable    out       1                              devices: the host allows pulses
    ========= ========= ============================== ===============================================================

    Timing, of an antithetic step of two words with a settling time of 2 clocks and two readings::

        clk      _/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_/\\_
        sample   <n>---------------------------------------------------------
        code     -----< 0 | 1 >-------------------------< 0 | 1 >------------
        settle   _____________/^^^^^^^\\_________________________/^^^^^^^\\____
        convert  _____________________/^^^\\_______/^^^\\_________________/^^^\\
        cost     -------------------------<a>--------<b>---------------------

    Parameters
    ----------
    chip : golden.chip.chip.Chip
    """

    def __init__(self, chip: Chip):
        rail, lanes = chip.rail, chip.layout.lanes
        assert rail is not None
        words = {"sign": rail.sign_bits} if chip.path.pulsed else {"code": rail.dac_bits}
        members = {} if chip.alternates else {"sample": Out(stream.Signature(SAMPLE))}
        members |= sample_members(chip)
        members |= {name: Out(stream.Signature(lane_words(bits, lanes))) for name, bits in words.items()}
        members |= {name: STREAMS[name](chip) for name in chip.path.streams if name != "weight"}
        if chip.alternates:
            members |= {
                "hidden": Out(stream.Signature(signed(chip.crossbar.line_bits))),
                "adc": In(stream.Signature(signed(chip.crossbar.adc_bits))),
            }
        else:
            members |= {"cost": In(stream.Signature(Shape(rail.word_bits, rail.signed)))}
        members |= activity(chip)
        members |= {**safety(chip), "settle": Out(1), "convert": Out(1), "busy": In(1), "saturated": In(1)}
        super().__init__(members)
