"""Operations, as the lanes of the array use them, are those of a walk through the parameters of
`golden.blocks.lib.layout`.
"""

import cocotb
from cocotb.triggers import RisingEdge

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, over, run
from ohmgrad.cocotb_tests.streams import unpack
from ohmgrad.golden.blocks.lib.layout import Layout
from ohmgrad.rtl.array.crossbar_operations import Operations

LAYERS = [(1, 1), (2, 1), (3, 2), (2, 2, 1), (3, 3, 3), (15, 4), (17, 2, 5), (30, 3, 2), (49, 4, 4), (2, 1, 1, 1, 9)]
GRID = {
    f"lanes{lanes}_{'_'.join(map(str, layers))}": Layout(layers, lanes) for lanes in (1, 4, 16) for layers in LAYERS
}
SWEEPS = 3


def make(name: str) -> Operations:
    """The component of one configuration."""
    return Operations(GRID[name])


def test_operations():
    run(__file__, make, GRID)


def expected(layout: Layout) -> list[dict]:
    """Of each operation, by the neuron and the input line of every parameter of its word, in their order.

    A word is used once for each neuron that has a last parameter in it, and once more if the one behind the last of
    them goes on; but the part of a neuron that begins behind another one's end in the same word, and goes on, is
    added up in the operation of that end.
    """
    neurons = [
        (layer, row, column)
        for layer, (rows, columns) in enumerate(zip(layout.rows, layout.columns, strict=True))
        for row in range(rows)
        for column in range(columns)
    ]
    operations = []
    for first in range(0, len(neurons), layout.lanes):
        word = neurons[first : first + layout.lanes]
        for layer, row in dict.fromkeys(place[:2] for place in word):
            own = [lane for lane, place in enumerate(word) if place[:2] == (layer, row)]
            close = word[own[-1]][2] == layout.columns[layer] - 1
            if not close and own[0] > 0 and word[own[0] - 1][0] == layer:
                continue  # it is the tail of the operation before
            tail = range(own[-1] + 1, layout.lanes) if close else ()
            counted = [lane for lane in tail if lane - own[-1] <= layout.columns[layer]]  # what is behind is not used
            operations.append(
                {
                    "layer": layer, "close": close, "own": own, "tail": list(tail), "ends": own[-1:] if close else [],
                    "columns": {lane: word[lane][2] for lane in own} | {lane: lane - own[-1] - 1 for lane in counted},
                }
            )  # fmt: skip
    return operations


@cocotb.test()
@over(GRID)
async def walks(dut, name):
    layout, block = GRID[name], make(name)
    bench = Bench(dut, name, block)
    shapes = {member: block.signature.members[member].shape for member in ("own", "tail", "ends", "columns")}
    handles = {member: bench.signal(member) for member in ("next", "valid", "layer", "close", *shapes)}
    edge = RisingEdge(dut.clk)
    handles["next"].value = 0
    await bench.start()
    while not int(handles["valid"].value):
        await edge
    for sweep in range(SWEEPS):
        for number, operation in enumerate(expected(layout)):
            handles["next"].value = 0
            while bench.rng.random() < 0.3 * sweep:
                await edge
            handles["next"].value = 1
            await edge
            got = {member: int(handles[member].value) for member in handles}
            where = f"{name} sweep {sweep}"
            for member in ("layer", "close"):
                check(f"{where} {member}", number, int(operation[member]), got[member])
            for member in ("own", "tail", "ends"):
                lanes = [lane for lane in range(layout.lanes) if got[member] >> lane & 1]
                check(f"{where} {member}", number, operation[member], lanes)
            columns = unpack(shapes["columns"], got["columns"])
            for lane, column in operation["columns"].items():
                check(f"{where} column of lane {lane}", number, column, columns[lane])
    handles["next"].value = 0
