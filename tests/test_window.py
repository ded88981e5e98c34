"""The window's sums by their definition and by the fast transform, and the latency that `rtl.update.window`
promises.
"""

import numpy as np
import pytest
from amaranth.sim import Simulator

from ohmgrad.golden.blocks.lib.fixed import limit
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.golden.blocks.perturb.codes import RANDOM, WALSH, WALSH_UPPER, Codes
from ohmgrad.golden.blocks.update.window import Window, products, transform, walsh_products
from ohmgrad.rtl.update.window import WindowProducts
from ohmgrad.scripts.long_runs.logic_cost import SIZE, PlainSum

from . import reference

SEED = 20230401
SIZES = (2, 4, 8, 16, 32, 64)


def hadamard(order: int) -> np.ndarray:
    """Sylvester's matrix of 2**order rows."""
    matrix = np.ones((1, 1), int)
    for _ in range(order):
        matrix = np.kron([[1, 1], [1, -1]], matrix)
    return matrix


def drawn(first: int, size: int, share: float = 1.0) -> dict[int, int]:
    """Costs of a group's patterns, or of a share of them."""
    draw = np.random.default_rng([SEED, first, size])
    return {first + k: int(draw.integers(-(2**20), 2**20)) for k in range(size) if draw.random() <= share}


@pytest.mark.parametrize("size", SIZES)
def test_the_transform_is_a_hadamard_matrix(size):
    costs = np.random.default_rng(size).integers(-(2**20), 2**20, size)
    assert (transform(costs) == hadamard(size.bit_length() - 1) @ costs).all()


@pytest.mark.parametrize("kind", [RANDOM, WALSH])
@pytest.mark.parametrize("first", [0, 96, 2**32 - 32])
def test_products_are_the_sum_over_all_patterns(kind, first):
    codes, costs = Codes(kind, SEED, 70), drawn(first, 32)
    signs = [reference.signs(codes, pattern) for pattern in costs]
    exact = [sum(c * s[i] for c, s in zip(costs.values(), signs, strict=True)) for i in range(codes.size)]
    assert products(codes, costs).tolist() == exact


@pytest.mark.parametrize("kind", [RANDOM, WALSH_UPPER])
def test_the_order_of_costs_does_not_matter(kind):
    codes, costs = Codes(kind, SEED, 70), drawn(64, 32)
    sums = products(codes, costs)
    assert (products(codes, dict(reversed(costs.items()))) == sums).all()
    one_by_one = sum(products(codes, {pattern: cost}) for pattern, cost in costs.items())
    assert (one_by_one == sums).all()


@pytest.mark.parametrize("kind", [WALSH, WALSH_UPPER])
@pytest.mark.parametrize("parameters", [1, 2, 3, 9, 37, 64, 220])
def test_walsh_products_are_entries_of_the_transform(kind, parameters):
    codes = Codes(kind, SEED, parameters)
    for size in SIZES:
        window = Window(size, 21, 21, codes)
        cycle = codes.cycle
        for first in (0, cycle // size * size, 2 * cycle // size * size, 5 * 64 * size, 2**32 - size):
            for share in (1.0, 0.3):
                costs = drawn(first, size, share)
                assert (walsh_products(window, costs) == products(codes, costs)).all(), (size, first)


@pytest.mark.parametrize("kind", [RANDOM, WALSH])
@pytest.mark.parametrize("size", SIZES)
def test_widths_hold_the_largest_sums_and_no_more(kind, size):
    window = Window(size, 10, 12, Codes(kind, SEED, 9))
    assert limit(window.bits - 1) < size * limit(12) <= limit(window.bits)
    slots = size // window.tables
    assert limit(window.table_bits - 1) < slots * limit(12) <= limit(window.table_bits)
    assert 1 << window.entry_bits == (2**slots if kind == RANDOM else size)


def arrivals(window: Window, layout: Layout, sweeps: list[tuple[int, int]]) -> tuple[int, list[int], list[int]]:
    """`latency`, and the clocks at which costs (pattern, flush) were taken and words came; nothing stalls."""
    block = WindowProducts(window, layout)
    taken, came = [], []

    async def testbench(ctx):
        waiting = list(sweeps)
        for clock in range(2000):
            ctx.set(block.cost.valid, bool(waiting))
            if waiting:
                pattern, flush = waiting[0]
                ctx.set(block.cost.payload, {"cost": 3, "pattern": pattern, "used": 1, "flush": flush})
                if ctx.get(block.cost.ready):
                    taken.append(clock)
                    waiting.pop(0)
            valid = ctx.get(block.product.valid)
            ctx.set(block.product.ready, valid)  # as blocks do that take words of several streams at once
            if valid:
                came.append(clock)
            if len(came) == len(sweeps) * layout.words:
                return
            await ctx.tick()
        raise AssertionError(f"only {len(came)} words")

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return block.latency, taken, came


@pytest.mark.parametrize(
    "kind, size, lanes, latency",
    [
        (RANDOM, 2, 4, 6),  # keys and first blocks of signs take longer than the 4 entries
        (RANDOM, 4, 4, 18),  # 16 entries, one read and its register
        (RANDOM, 16, 8, 19),  # two levels of additions
        (RANDOM, 16, 1, 21),  # 16 patterns of a unit, after 2 clocks of a key
        (RANDOM, 32, 4, 20),  # three levels
        (WALSH, 8, 4, 10),
        (WALSH_UPPER, 32, 2, 34),
    ],
)
def test_latency_of_a_flush(kind, size, lanes, latency):
    layout = Layout((3, 2), lanes)
    window = Window(size, 4, 4, Codes(kind, SEED, layout.parameters))
    promised, (*_, taken), came = arrivals(window, layout, [(k, k == size - 1) for k in range(size)])
    assert came[-layout.words] - taken == promised == latency
    assert came[-1] - came[-layout.words] == layout.words - 1


def test_a_flush_clears_tables_without_a_cost_first():
    layout = Layout((3, 2), 4)
    window = Window(8, 4, 4, Codes(RANDOM, SEED, layout.parameters))
    latency, (taken,), came = arrivals(window, layout, [(7, 1)])
    assert came[0] - taken == latency + 16


def test_zeros_come_two_clocks_after_a_cost_and_without_gaps():
    layout = Layout((17, 4), 4)
    window = Window(4, 4, 4, Codes(RANDOM, SEED, layout.parameters))
    _, taken, came = arrivals(window, layout, [(k, 0) for k in range(3)])
    assert layout.words > 16
    assert came == list(range(taken[0] + 2, taken[0] + 2 + 3 * layout.words))


@pytest.mark.parametrize("relative", [False, True])
def test_the_trees_that_its_logic_is_held_against_give_sums_too(relative):
    block, draw = PlainSum(6, 2, relative), np.random.default_rng(SEED)

    async def testbench(ctx):
        for _ in range(20):
            costs, minus = draw.integers(-31, 32, SIZE), draw.integers(0, 2, (2, SIZE))
            ctx.set(block.costs, costs.tolist())
            ctx.set(block.signs, [sum(int(bit) << k for k, bit in enumerate(row)) for row in minus])
            await ctx.tick()
            assert list(ctx.get(block.sums)) == ((1 - 2 * minus) @ costs).tolist()

    simulator = Simulator(block)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
