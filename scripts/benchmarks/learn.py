"""Speed of `golden.learn` on the CPU; rows as in `benchmark`.

Both sides of each ratio run in this process, in turn, with the same number of threads: that of the machine's cores,
for NumPy's products, PyTorch and the kernels alike.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from ...golden.learn import MGD, Trainer, models
from ...golden.learn.kernels import THREADS
from ...golden.learn.networks import Network
from .rows import Row, alternately, row, seconds

SIZES = ((10, 8, 2), (40, 20, 5), (100, 92, 10), (784, 128, 10), (1000, 900, 100))
"""Networks of about 1e2, 1e3, 1e4, 1e5 and 1e6 parameters."""
SHAPE = (784, 128, 10)
BATCH = 256


def trainer(widths: tuple[int, ...], **settings) -> Trainer:
    """A trainer of a dense network on random samples."""
    rng = np.random.default_rng(1)
    network = models.dense(widths, "relu", "linear", "cross-entropy")
    x = rng.random((4096, widths[0]), np.float32)
    t = np.eye(widths[-1], dtype=np.float32)[rng.integers(0, widths[-1], 4096)]
    return Trainer(network, MGD(eta=1e-6, **settings), x, t)


def steps(made: Trainer, count: int) -> Callable[[], float]:
    """Seconds of one step, the mean of `count`; the first call of all, which compiles, is done here."""
    state = made.run(made.initial(), 2)
    return lambda: seconds(lambda: made.run(state, count)) / count


def golden_mgd_vs_torch() -> Iterator[Row]:
    """Perturbed forward passes, each sample under its own pattern, gradient included, against plain PyTorch."""
    ours = steps(trainer(SHAPE, batch=BATCH, patterns="sample"), 10)
    passes, name, unit = 2 * BATCH, "golden_mgd_vs_torch", "passes/s"
    if find_spec("torch") is None:
        yield row(name, passes / alternately(ours)[0], unit, "PyTorch is not installed (extra `torch`)", None, "higher")
        return
    mine, peer = alternately(ours, torch_steps())
    shape = "-".join(map(str, SHAPE))
    reference = f"{passes / peer:,.0f}/s of the same products in PyTorch, {THREADS} threads, {shape}, batch {BATCH}"
    yield row(name, passes / mine, unit, reference, peer / mine, "higher")


def torch_steps() -> Callable[[], float]:
    """Seconds of one step as one would write it down in PyTorch, with x W^T and S x computed once for both passes."""
    import torch  # type: ignore[import-not-found]
    from torch.nn.functional import cross_entropy, relu  # type: ignore[import-not-found]

    torch.set_num_threads(THREADS)
    inputs, hidden, outputs = SHAPE
    w1, w2 = torch.randn(hidden, inputs + 1) * 0.03, torch.randn(outputs, hidden + 1) * 0.08
    x, labels, a = torch.rand(4096, inputs), torch.randint(outputs, (4096,)), 1e-3
    one = torch.ones(BATCH, 1)

    def signs(*shape: int):
        return torch.empty(BATCH, *shape).bernoulli_().mul_(2).sub_(1)

    def step() -> None:
        index = torch.randint(4096, (BATCH,))
        v, target = torch.cat([x[index], one], 1), labels[index]
        s1, s2 = signs(hidden, inputs + 1), signs(outputs, hidden + 1)
        z, dz, costs = v @ w1.T, a * torch.bmm(s1, v[:, :, None])[:, :, 0], []
        for polarity in (1, -1):
            h = torch.cat([relu(z + polarity * dz), one], 1)
            y = h @ w2.T + polarity * a * torch.bmm(s2, h[:, :, None])[:, :, 0]
            costs.append(cross_entropy(y, target, reduction="none"))
        e = (costs[0] - costs[1]) / (2 * a * BATCH)
        for w, s in ((w1, s1), (w2, s2)):
            w -= 1e-6 * (e @ s.view(BATCH, -1)).view_as(w)

    def timed() -> float:
        with torch.no_grad():
            return seconds(step)

    timed()
    return timed


def useful(network: Network, batch: int) -> int:
    """Floating-point operations of an antithetic step of node perturbation that are products.

    The first layer's x W^T once, as both passes share it, those of the others twice, and (C~ s) x^T once a layer.
    """
    return sum(2 * batch * b.inputs * b.outputs * (2 if k == 0 else 3) for k, b in enumerate(network.blocks))


def golden_mgd_sgemm_share() -> Iterator[Row]:
    """Share of the speed of one large float32 product that a step of node perturbation reaches, all else included."""
    a, b = (np.random.default_rng(k).random((2048, 2048), np.float32) for k in (1, 2))
    for label, widths, batch in (("", (784, 512, 512, 10), 1024), ("_small", SHAPE, BATCH)):
        made = trainer(widths, batch=batch, method="node", inputs="second")
        mine, product = alternately(steps(made, 10), lambda: seconds(lambda: a @ b))
        peak = 2 * 2048**3 / product
        share = useful(made.network, batch) / mine / peak
        reference = f"{peak / 1e9:,.0f} GFLOP/s of a 2048^3 product, {THREADS} threads; "
        reference += f"{'-'.join(map(str, widths))}, batch {batch}; products of the algorithm only are counted"
        yield row(f"golden_mgd_sgemm_share{label}", share, "of peak", reference, share, "higher")


def golden_mgd_signs_per_s() -> Iterator[Row]:
    """Perturbed weights a second (passes x samples x parameters), against NumPy that only draws as many signs."""
    made, rng = trainer(SHAPE, batch=BATCH, patterns="sample"), np.random.default_rng(1)
    count = BATCH * made.network.size

    def draw() -> np.ndarray:
        bits = np.unpackbits(np.frombuffer(rng.bytes(count // 8), np.uint8))
        return np.float32(1) - np.float32(2) * bits

    mine, peer = alternately(steps(made, 10), lambda: seconds(draw))
    reference = f"{count / peer:,.3g} signs/s drawn by NumPy; {THREADS} threads of the kernels"
    yield row("golden_mgd_signs_per_s", 2 * count / mine, "weights/s", reference, 2 * peer / mine, "higher")


def plain_steps(made: Trainer, count: int) -> Callable[[], float]:
    """Seconds of one step of a plain NumPy loop: one sample, two passes, float32."""
    rng, a, network = np.random.default_rng(1), np.float32(1e-3), made.network
    theta = made.initial().theta[0]

    def cost(parameters: np.ndarray, v: np.ndarray, target: np.ndarray) -> float:
        for k, b in enumerate(network.blocks):
            w = parameters[b.start : b.stop].reshape(b.outputs, -1)
            v = w[:, :-1] @ v + w[:, -1]
            v = np.maximum(v, 0) if k < len(network.blocks) - 1 else v
        return np.log(np.exp(v).sum()) - target @ v

    def run() -> None:
        for _ in range(count):
            n = rng.integers(len(made.x))
            s = a * (2 * rng.integers(0, 2, network.size, np.int8) - 1).astype(np.float32)
            change = cost(theta + s, made.x[n], made.t[n]) - cost(theta - s, made.x[n], made.t[n])
            np.subtract(theta, np.float32(1e-6) * change / (2 * a * a) * s, out=theta)

    run()
    return lambda: seconds(run) / count


def golden_mgd_vs_size() -> Iterator[Row]:
    """Steps a second (one sample, antithetic, update each step) and memory, from 1e2 to 1e6 parameters."""
    for power, widths in enumerate(SIZES, 2):
        made = trainer(widths)
        size, count = made.network.size, max(5, 200_000 // (made.network.size + 1000))
        mine, peer = alternately(steps(made, count), plain_steps(made, count))
        reference = f"{1 / peer:,.0f}/s of a plain NumPy loop, {THREADS} threads, {size} parameters"
        yield row(f"golden_mgd_vs_size_P1e{power}", 1 / mine, "steps/s", reference, peer / mine, "higher")
        state = made.initial()
        tracemalloc.start()
        made.run(state, 3)
        peak = tracemalloc.get_traced_memory()[1] + state.theta.nbytes + state.g.nbytes
        tracemalloc.stop()
        reference = "4 bytes each of theta and G are 8"
        yield row(f"golden_mgd_vs_size_P1e{power}_memory", peak / size, "bytes/P", reference, 8 * size / peak, "lower")
