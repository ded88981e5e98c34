"""Latencies that the blocks' docstrings promise, on Amaranth's own simulator, where nothing stalls."""

from collections.abc import Iterable

import pytest
from amaranth.sim import Simulator

from ohmgrad.golden.blocks.array.crossbar import Crossbar
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.measure.cost import ANALOG, ANTITHETIC, FORWARD, MSE, Cost
from ohmgrad.golden.blocks.measure.neuron import Neuron
from ohmgrad.golden.blocks.measure.samples import CYCLIC, Samples
from ohmgrad.golden.blocks.perturb.codes import RANDOM, SEQUENTIAL, SINUSOIDAL, WALSH, WALSH_UPPER, Codes
from ohmgrad.golden.blocks.perturb.outer import LAYER, RANK_ONE, Outer
from ohmgrad.golden.blocks.tiki_taka.lines import Lines
from ohmgrad.golden.blocks.update.correlator import Correlator
from ohmgrad.golden.blocks.update.optimizer import Optimizer
from ohmgrad.golden.blocks.update.ttv2 import ZERO, Ttv2
from ohmgrad.golden.chip.memory_map import Register
from ohmgrad.rtl.array.crossbar import CrossbarArray
from ohmgrad.rtl.control.sequencer import StepSequencer
from ohmgrad.rtl.lib.settings_layout import LAYOUT
from ohmgrad.rtl.measure.cost import CostUnit
from ohmgrad.rtl.measure.neuron import NeuronTable
from ohmgrad.rtl.measure.samples import SampleMemory
from ohmgrad.rtl.perturb.codes import CodeGenerator
from ohmgrad.rtl.perturb.outer import OuterProducts
from ohmgrad.rtl.top import Top
from ohmgrad.rtl.update.correlator import CorrelatorMemory
from ohmgrad.rtl.update.optimizer import OptimizerMemory
from ohmgrad.rtl.update.ttv2 import FilterMemory

from .chips import FILTERED, small

ONE = Layout((2, 1), 4)
"""Three parameters in one word, one neuron."""


def simulate(block, testbench) -> None:
    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()


def clocks(block, first: Iterable[str], then: Iterable[str], result: str, *ones) -> int:
    """Clocks from the last transfer on the streams `then`, after one on `first`, to a valid `result`; `ones` are 1."""
    counted = []

    async def testbench(ctx):
        for signal in ones:
            ctx.set(signal, 1)
        for together in (first, then):
            streams = [getattr(block, name) for name in together]
            for stream in streams:
                ctx.set(stream.valid, 1)
            waited = 0
            while not all(ctx.get(stream.ready) for stream in streams):
                await ctx.tick()
                waited += 1
                assert waited < 20, f"{', '.join(together)}: not taken"
            await ctx.tick()
            for stream in streams:
                ctx.set(stream.valid, 0)
        number = 1
        while not ctx.get(getattr(block, result).valid):
            await ctx.tick()
            number += 1
            assert number < 20, f"no {result}"
        counted.append(number)

    simulate(block, testbench)
    return counted[0]


@pytest.mark.parametrize("kind", [SEQUENTIAL, WALSH, WALSH_UPPER])
def test_codes_two_clocks(kind):
    """Those of the random code are counted by cocotb_tests/lib/test_mixer.py."""
    assert clocks(CodeGenerator(Codes(kind, 1, 3), 4), (), ("pattern",), "signs") == 2


def test_sines_four_clocks():
    assert clocks(CodeGenerator(Codes(SINUSOIDAL, 1, 3, 9), 4), (), ("pattern",), "signs") == 4


def test_outer_three_clocks():
    """After the values; and, as the lines after reset count, also with those."""
    block = OuterProducts(Outer(RANK_ONE, 2, 8), ONE, Codes(RANDOM, 1, 4), True)
    assert clocks(block, (), ("values",), "product") == 3
    block = OuterProducts(Outer(LAYER, 2, 8), ONE, Codes(RANDOM, 1, 1), True)
    assert clocks(block, (), ("values", "turn"), "product") == 3


@pytest.mark.parametrize("leaky", [False, True])
@pytest.mark.parametrize("factor_bits", [2, 6])
def test_correlator_one_clock(factor_bits, leaky):
    block = CorrelatorMemory(Correlator(8, 14, factor_bits, leaky), ONE)
    assert clocks(block, (), ("cost", "factors"), "gradient") == 1


def test_correlator_one_clock_with_a_window():
    block = CorrelatorMemory(Correlator(8, 14, window=4), ONE, product_bits=10)
    assert clocks(block, (), ("cost", "products"), "gradient") == 1


@pytest.mark.parametrize("stochastic", [False, True])
@pytest.mark.parametrize("momentum, number", [(0, 4), (9, 5)])
def test_optimizer_four_clocks_five_with_momentum(momentum, number, stochastic):
    block = OptimizerMemory(Optimizer(8, 8, 9, ((0, (1,)),), momentum, stochastic), ONE)
    assert clocks(block, (), ("command", "gradient"), "parameters") == number


def test_ttv2_two_clocks():
    block = FilterMemory(Ttv2(10, 8, ZERO, 1, ()), Lines(((1, 1),), 1))
    assert clocks(block, (), ("command", "reading"), "pulses", block.command.payload.words) == 2


@pytest.mark.parametrize("lanes, number", [(4, 5), (8, 5), (16, 6)])
def test_crossbar(lanes, number):
    """Of a neuron that ends in its first word, so that all latency is that of the word."""
    block = CrossbarArray(Crossbar(8, 8, 8, 8, 4, 2, 20), Layout((2, 1), lanes), -1)
    assert clocks(block, ("line",), ("weight", "sign"), "adc") == number


def test_neuron_two_clocks():
    assert clocks(NeuronTable(Neuron(("tanh",), 6, 0.1, 8, 8), ONE), (), ("adc",), "output") == 2


@pytest.mark.parametrize("single, mode, number", [(True, ANTITHETIC, 4), (False, FORWARD, 4), (False, ANALOG, 6)])
def test_cost(single, mode, number):
    block = CostUnit(Cost(MSE, mode, 12, 8, 1), single)
    assert block.latency == number
    assert clocks(block, ("reading", "target"), ("output",), "result", block.reading.payload.last) == number


@pytest.mark.parametrize("settings", ["registers", "constants"])
def test_a_sweep_three_clocks_after_the_start_and_after_the_last_one_is_applied(settings):
    """It is applied one clock ahead of `apply`, at the earliest one clock after it was taken."""
    chip = small(**{"engine.settings": settings})
    block, shown = StepSequencer(chip), []
    values = LAYOUT.const({**chip.sequencer._asdict(), "decay": 0, "leak": 0})

    async def testbench(ctx):
        ctx.set(block.settings, values)
        ctx.set(block.target, 5)
        for signal in (block.present.ready, block.apply.ready, block.start):
            ctx.set(signal, 1)
        for _ in range(9):
            shown.append((ctx.get(block.present.valid), ctx.get(block.apply.valid)))
            await ctx.tick()
            ctx.set(block.start, 0)

    simulate(block, testbench)
    present, apply = ([clock for clock, there in enumerate(row) if there] for row in zip(*shown, strict=True))
    assert (present, apply) == ([3, 7], [5])


def test_samples_five_clocks():
    assert clocks(SampleMemory(Samples(CYCLIC, 1, 3, 2, 1), 8, 8), (), ("request",), "line") == 5


@pytest.mark.parametrize("overrides", [{}, FILTERED])
def test_a_reply_five_clocks(overrides):
    """Four after the request is done, a clock after it was accepted; until then no other one is."""
    block, counted = Top(small(**overrides)), []

    async def testbench(ctx):
        while not ctx.get(block.host_ready):  # memories are being cleared
            await ctx.tick()
        ctx.set(block.host_address, Register.STEP)
        ctx.set(block.host_valid, 1)
        await ctx.tick()
        ctx.set(block.host_valid, 0)
        counted.append(1)
        while not ctx.get(block.reply_valid):
            assert not ctx.get(block.host_ready)
            await ctx.tick()
            counted[0] += 1
            assert counted[0] < 20, "no reply"

    simulate(block, testbench)
    assert counted == [5]


def test_a_register_that_is_not_there_changes_nothing():
    block, steps = Top(small()), []

    async def testbench(ctx):
        for register in (Register.STEP, Register.STEP + 16):
            ctx.set(block.host_address, register)
            ctx.set(block.host_data, 5 + register)
            ctx.set(block.host_write, 1)
            ctx.set(block.host_valid, 1)
            await ctx.tick().until(block.host_ready)
        ctx.set(block.host_write, 0)
        ctx.set(block.host_address, Register.STEP)
        await ctx.tick().until(block.host_ready)
        ctx.set(block.host_valid, 0)
        await ctx.tick().until(block.reply_valid)
        steps.append(ctx.get(block.reply_data))

    simulate(block, testbench)
    assert steps == [5 + Register.STEP]
