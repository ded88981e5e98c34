"""Speed of a training step on arrays, one thread; rows as in `benchmark`.

Measured in a process of its own (`python -m ohmgrad.scripts.benchmarks.analog`), as the number of threads of NumPy's
products is fixed when it starts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np

from ...golden.analog.devices import SoftBounds
from ...golden.analog.periphery import Periphery
from ...golden.analog.update import Update
from ...golden.learn.analog_trainer import AnalogTrainer, uniform
from ...golden.learn.choppers import Chopped
from ...golden.learn.float_layer import FloatLayer
from ...golden.learn.layered import Layer, Layered
from ...golden.learn.on_array import TTv2
from .rows import Row, alternately, row

WIDTHS = (784, 256, 128, 10)
SIZES = (256, 512, 1024, 2048, 4096)
AIHWKIT = {1: 0.46, 10: 1.2}
"""Milliseconds of aihwkit 1.2.0 on this network by batch, CPU, one thread, as measured on another machine."""
SINGLE = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def ttv2_step_b1_ms() -> Iterator[Row]:
    """A step of TTv2 on one sample."""
    yield from _network(1)


def ttv2_step_b10_ms() -> Iterator[Row]:
    """A step of TTv2 on a mini-batch of 10."""
    yield from _network(10)


def _network(batch: int) -> Iterator[Row]:
    ours, plain = _measured("network", batch)
    shape = "-".join(map(str, WIDTHS))
    yield row(f"ttv2_step_b{batch}_ms", ours, "ms", f"{AIHWKIT[batch]} ms of aihwkit 1.2.0, {shape}, one thread, "
              "measured elsewhere", AIHWKIT[batch] / ours, "lower")  # fmt: skip
    yield row(f"ttv2_step_b{batch}_ms_exact", ours, "ms", f"{plain:.3g} ms of the same step in floating point, "
              "our trainer", plain / ours, "lower")  # fmt: skip


def ttv2_step_vs_size() -> Iterator[Row]:
    """Forward, transposed read, outer product onto A and transfer of one square layer, one sample."""
    for size in SIZES:
        ours, plain = _measured("layer", size)
        reference = f"{plain:.3g} ms of y = W x, z = W^T d and W -= d x^T in floating point, one thread"
        yield row(f"ttv2_step_vs_size_{size}", ours, "ms", reference, plain / ours, "lower")


def _measured(*arguments: object) -> list[float]:
    command = [sys.executable, "-m", "ohmgrad.scripts.benchmarks.analog", *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **SINGLE}, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def layer(rows: int, columns: int, seed: int = 1) -> TTv2:
    """SoftBounds of 1200 states with 30 % spreads; trains of up to 5 slots; a column each vector, Chopped units."""
    device = SoftBounds(dw_min=0.001, dw_min_dtod=0.3, dw_min_std=0.3, w_max=0.6, w_min=-0.6)
    read = Periphery(noise_management="none", bound_management="none")
    settings = Chopped(fast_lr=0.01, scale_transfer_lr=False, buffer_granularity=20.0)
    return TTv2(rows, columns, device, settings=settings, seed=seed, update=Update(desired_bl=5), read=read)


def network_ms(batch: int) -> list[float]:
    """Milliseconds of a step of the network on arrays, and of floats: a fifth of the pixels lit, random labels."""
    rng, count = np.random.default_rng(1), max(20, 200 // batch)
    x = rng.random((batch * count, WIDTHS[0]), np.float32)
    x *= rng.random(x.shape) < 0.2
    t = np.eye(WIDTHS[-1], dtype=np.float32)[rng.integers(0, WIDTHS[-1], batch * count)]
    matrices = uniform(WIDTHS, 1)
    arrays = [layer(*w.shape, seed=k) for k, w in enumerate(matrices)]
    for made, w in zip(arrays, matrices, strict=True):
        made.hold(w)
    floats: list[Layer] = [FloatLayer(w) for w in matrices]
    trainers = [AnalogTrainer(Layered(layers), lr=0.1, batch=batch) for layers in ([*arrays], floats)]
    return _each([lambda made=made: made.epoch(x, t) for made in trainers], count, alternately)


def layer_ms(size: int) -> list[float]:
    """Milliseconds of a step of one square layer on arrays, and of floats: vectors uniform in +-1 and +-0.01."""
    rng, count = np.random.default_rng(1), max(3, 20_000 // size)
    x = rng.uniform(-1, 1, (count, size)).astype(np.float32)
    d = rng.uniform(-0.01, 0.01, (count, size)).astype(np.float32)
    weights = uniform((size - 1, size), 1)[0]
    made, plain = layer(size, size), FloatLayer(weights)
    made.hold(weights)

    def run(layer: Layer) -> None:
        for one, error in zip(x, d, strict=True):
            layer.forward(one)
            layer.backward(error)
            layer.update(one, error, 0.1)

    return _each([lambda: run(made), lambda: run(plain)], count, alternately)


def _each(runs: list[Callable[[], object]], count: int, alternately: Callable[..., list[float]]) -> list[float]:
    """Milliseconds a step of some runs of `count` steps; each runs once before, to be compiled."""
    for run in runs:
        run()
    return [1e3 * value / count for value in alternately(*[lambda run=run: _seconds(run) for run in runs])]


def _seconds(run: Callable[[], object]) -> float:
    """Of the processor: of one thread that waits for nothing, those of the clock on an idle machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    print(json.dumps({"network": network_ms, "layer": layer_ms}[sys.argv[1]](int(sys.argv[2]))))
