"""What the blocks with a memory share: passes over it, each with a command, compared word by word."""

from collections.abc import Callable

import numpy as np
from cocotb.triggers import gather

from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check, extremes, words

BATCHES, PASSES = 30, 4


async def sweeps_match(
    bench: Bench,
    ports: tuple[str, str, str],
    bits: int,
    draw: Callable[[], tuple[dict[str, int], np.ndarray]],
    golden: Callable[[dict[str, int], np.ndarray, np.ndarray], tuple[bool, np.ndarray]],
) -> None:
    """Run batches of passes without pause; compare results, saturation and, after each, the memory.

    Every other batch starts with a memory drawn anew. The first one has no stalls, and must give one
    word a clock.

    Parameters
    ----------
    ports : tuple of str
        The streams of commands, of words that come in, and of words that go out.
    bits : int
        Width of the words of the memory.
    draw : callable
        Gives a command and the words that come in, by parameter index.
    golden : callable
        From a command, a word that comes in and its word of the memory, which it updates in place:
        whether the word saturates, and the word that goes out.
    """
    layout, name = bench.block.layout, f"{type(bench.block).__name__} {bench.name}"
    commands, stream = bench.source(ports[0]), bench.source(ports[1])
    results, host = bench.sink(ports[2], flag="saturated"), bench.host()
    await bench.start()
    seen: set[bool] = set()
    for batch in range(BATCHES):
        if batch % 2 == 0:
            memory = extremes(bench.rng, bits, layout.parameters)
            await host.write(memory)
            check(f"{name} memory before", batch, memory, await host.read(memory.size))
        bench.stall(None if batch else 0.0)
        passes = [draw() for _ in range(PASSES)]
        results.flags.clear()
        count = PASSES * layout.words
        _, _, got = await gather(
            commands.send(command for command, _ in passes),
            stream.send(row for _, values in passes for row in words(values, layout.lanes)),
            results.receive(count),
        )
        if batch == 0:
            assert results.clocks == count + 1, f"{name}: {count} words took {results.clocks} clocks"
        await results.silent()
        expected, saturated = [], []
        for command, values in passes:
            for first in range(0, memory.size, layout.lanes):
                word = slice(first, first + layout.lanes)
                over, result = golden(command, values[word], memory[word])
                saturated.append(over)
                expected.append(words(result, layout.lanes))
        check(f"{name} {ports[2]}", batch, expected, got)
        check(f"{name} saturated", batch, saturated, results.flags)
        check(f"{name} memory", batch, memory, await host.read(memory.size))
        seen |= set(saturated)
    assert seen == {False, True}, f"{name}: words saturated always or never; the test proves too little"
