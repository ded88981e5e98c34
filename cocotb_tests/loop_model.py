"""The array's side of the path `tiki-taka`: both arrays, which take trains, and the ADC that reads lines of A."""

from typing import NamedTuple

import numpy as np

from ohmgrad.cocotb_tests.array_model import ArrayModel
from ohmgrad.cocotb_tests.drivers import Bench
from ohmgrad.cocotb_tests.harness import check
from ohmgrad.golden.blocks.array.coincidence import coincide
from ohmgrad.golden.blocks.array.reading import read_line
from ohmgrad.golden.blocks.control.sequencer import correlates, updates
from ohmgrad.golden.blocks.lib.mixer import READ, key
from ohmgrad.golden.blocks.perturb.codes import pattern_signs
from ohmgrad.golden.blocks.perturb.outer import RANK_ONE
from ohmgrad.golden.blocks.tiki_taka import pulses as pulses_
from ohmgrad.golden.engine import Engine, Trace
from ohmgrad.golden.state import State


class Done(NamedTuple):
    """What the first sweep of a step applies: the step before, golden's state before it, and what it measured."""

    step: int
    state: State
    sample: int
    act: np.ndarray
    cost: int


class LoopModel(ArrayModel):
    """The arrays of one chip of the path, in NumPy, see `ArrayModel`."""

    def __init__(self, bench: Bench, golden: Engine):
        super().__init__(bench, golden)
        self.rng = bench.rng
        self.train, self.pulse = bench.sink("array.train"), bench.sink("array.pulse")
        self.read, self.reading = bench.sink("array.read"), bench.source("array.reading")
        layout, state = self.chip.layout, golden.initial()
        self.shape = np.array(list(zip(layout.layers, layout.rows, layout.offsets, strict=False)))
        self.fast = self.chip.path.fast.sample(layout.parameters)
        self.a, self.reference = state.a, state.reference
        self.done: Done | None = None

    def measured(self, step: int, state: State, trace: Trace) -> None:
        super().measured(step, state, trace)
        self.done = Done(step, state, trace.sample[0], trace.act[0], int(trace.cost[0]))

    async def _weights(self, step: int) -> np.ndarray:
        """Take the trains onto A, give the readings that are asked for, and take the train onto C."""
        done, self.done = self.done, None
        sequencer, slow = self.chip.sequencer, self.chip.path.devices
        update = done is not None and updates(sequencer.tau_theta, done.step)
        if done and correlates(0, sequencer.tau_x, sequencer.blanking, done.step):
            for slot, expected in enumerate(self._trains(done)):
                number = done.step * self.chip.path.pulses.slots + slot
                fired, payload = await self._vector()
                check(f"{self.name} train", number, expected, fired)
                check(f"{self.name} pulse", number, [0, number % 2**32], [payload.slow, payload.number])
                fast = self.chip.path.fast
                coincide(fast.seed, fast.noise, number, self.shape, fired, self.fast, self.a)
        if done and update:
            await self._lines(done)
        fired, payload = await self._vector()
        number = done.step if done else payload.number
        check(f"{self.name} pulse", step, [1, number], [payload.slow, payload.number])
        assert update or not fired.any(), f"{self.name}: step {step}: pulses without an update"
        coincide(slow.seed, slow.noise, number, self.shape, fired, self.devices, self.states)
        return self.states >> self.chip.crossbar.drop

    async def _vector(self):
        """Words of one train, and then what they are for, which is taken with their last pulses."""
        size, lanes = self.chip.path.pulses.rows + self.chip.path.pulses.lines, self.chip.layout.lanes
        sent = np.ravel(await self.train.receive(-(-size // lanes)))
        assert not sent[size:].any(), f"{self.name}: pulses in padding"
        (payload,) = await self.pulse.receive(1)
        return sent[:size].astype(np.int32), payload

    def _trains(self, done: Done):
        """Golden's trains of a step, slot by slot."""
        chip, p = self.chip, self.chip.path.pulses
        vector = pattern_signs(chip.codes, done.step // chip.sequencer.tau_p).astype(np.int32)
        if chip.outer.method != RANK_ONE:
            parts, first, lines = [vector], 0, self.golden.inputs[done.sample]
            for rows in chip.layout.rows:
                parts += [lines, [chip.crossbar.one]]
                lines, first = done.act[first : first + rows, 1], first + rows
            vector = np.concatenate(parts).astype(np.int32)
        first = 0 if chip.path.settings.rows else p.rows
        pulses_.orient(p, done.cost, done.state.arrays.get("chopper", np.zeros(0, np.int32)), first, vector)
        signed, out = np.zeros(vector.size, np.int64), np.zeros(vector.size, np.int32)
        pulses_.probabilities(p, p.line_shift, abs(done.cost), vector, signed)
        for slot in range(p.slots):
            pulses_.train(p, p.order(), done.step, slot, signed, out)
            yield out.copy()

    async def _lines(self, done: Done) -> None:
        """Give the codes of the next line of each layer; the request is taken first, or with the last code."""
        loop, layout = self.chip.path, self.chip.layout
        noise_key, number = key(loop.settings.seed, READ, done.step), 0
        for k, (_, length) in enumerate(loop.lines.layers):
            line, columns, first = done.state.cursor[2 * k], layout.columns[k], layout.offsets[k]
            begin, stride = (first + line * columns, 1) if loop.settings.rows else (first + line, columns)
            z = np.zeros(length, np.int32)
            read_line(loop.settings, noise_key, number, begin, stride, self.a, self.reference, z)
            number += length
            early = self.rng.random() < 0.5
            if not early:
                await self.reading.send(z[:-1])
            (request,) = await self.read.receive(1)
            asked = [request.layer, request.line, request.step]
            check(f"{self.name} read", done.step, [k, line, done.step], asked)
            await self.reading.send(z if early else z[-1:])
