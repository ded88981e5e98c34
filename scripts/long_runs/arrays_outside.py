"""`python -m ohmgrad.scripts.long_runs.arrays_outside`: one engine RTL trains three arrays that it knows nothing of.

The Verilog of the engine of `examples/external.toml` is made once, and its simulator built once. Each simulation has
another array in Python, and its trace is replayed. Beside it the float trainer of `golden.learn` trains the same array
with the same start, with signs of `SEEDS`, of which the first are the RTL's. Writes docs/results/arrays_outside.md,
arrays_outside.json and arrays_outside.svg.
"""

import sys
from importlib.resources import files as resources
from math import ceil, log
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...fpga.errors import Failure
from ...fpga.files import write_json
from ...golden.chip.chip import Chip
from ...golden.chip.config import load
from ...golden.learn import MGD
from ...golden.learn.chip_in_loop import ChipTrainer
from ...golden.recorded import RecordedEngine
from ...golden.recording import Recording
from ...golden.replay import replay
from ..plots import image
from .outside_arrays import ARRAYS, Bowl, OnHost, Physics
from .outside_bench import Bench
from .outside_page import page, picture

RESULTS, BUILD = Path("docs/results"), Path("build/arrays_outside")
SEEDS = range(1, 17)
STEPS, EVERY = 4000, 50
SHARE, RISK = 0.01, 0.05
"""The bowl's bound is on the step after which its cost is below so much of the first one, but for this probability."""

Vector = NDArray[np.floating]


def step_size(chip: Chip) -> float:
    """eta as the rate register holds it."""
    _, (rate,) = chip.path.schedule[0]
    return rate * chip.state_unit / chip.gradient_unit / 2**chip.path.parameters()["optimizer"].shift


def start(chip: Chip) -> Vector:
    """theta before the first step, in units of weight."""
    return RecordedEngine(chip).initial().theta * chip.state_unit


def by_rtl(bench: Bench, chip: Chip, name: str, steps: int, every: int) -> dict[str, Any]:
    """Train in RTL, and replay.

    Returns
    -------
    dict
        costs of the array at every so many steps, unperturbed, with the codes that the engine has sent; words found
        equal, and the largest cost word and |C~| of the run.
    """
    trace, physics = bench.train(name, steps), ARRAYS[name](chip.layout.parameters)
    found, pieces = replay(trace, chip), list(Recording(trace, chip).pieces())
    sent = np.concatenate([piece.sent for piece in pieces])
    codes = [RecordedEngine(chip).initial().theta >> chip.crossbar.drop, *sent[every - 1 :: every]]
    return {
        "costs": [_rounded(physics(row * chip.weight_unit)) for row in codes],
        "steps": found.steps, "words": found.words,
        "largest_word": max(int(piece.totals.max()) for piece in pieces),
        "largest_difference": max(int(abs(piece.cost).max()) for piece in pieces),
    }  # fmt: skip


def by_floats(chip: Chip, physics: Physics, seed: int, steps: int, every: int) -> list[float]:
    """The same costs of the float trainer, whose signs have this seed."""
    size, amplitude = chip.layout.parameters, chip.crossbar.amplitude * chip.weight_unit
    settings, none = MGD(amplitude=amplitude, eta=step_size(chip)), np.zeros((1, size - 1))
    trainer = ChipTrainer(OnHost(physics, size), settings, none, none[:, :1], seed)
    state = trainer.initial(start(chip))
    costs = [_rounded(physics(state.theta[0]))]
    trainer.run(state, steps, lambda state: costs.append(_rounded(physics(state.theta[0]))), every)
    return costs


def _rounded(cost: float) -> float:
    """As many digits as a file needs."""
    return float(f"{cost:.5g}")


def contraction(bowl: Bowl, eta: float) -> float:
    """Largest factor of a bowl's expected cost in one step.

    With C = 1/2 sum h_i d_i^2 and signs s the antithetic C~ / a is s.g exactly, g_i = h_i d_i, hence
    d' = d - eta (s.g) s and C' = C - eta (s.g)^2 + eta^2 / 2 (s.g)^2 sum h_i. Over independent signs E (s.g)^2 = |g|^2,
    and |g|^2 >= 2 min(h) C, so that E C' <= (1 - eta min(h) (2 - eta sum h)) C wherever eta sum h < 2. (This is SPSA,
    J. C. Spall, IEEE Transactions on Automatic Control 37(3), 1992, on a quadratic.)
    """
    return 1 - eta * bowl.curvatures.min() * (2 - eta * bowl.curvatures.sum())


def steps_bound(bowl: Bowl, eta: float) -> int:
    """Steps after which C <= `SHARE` of the first C but for a probability of `RISK` at most.

    By Markov's inequality from E C_n <= contraction^n C_0: the share is exceeded with contraction^n / share at most.
    """
    return ceil(log(SHARE * RISK) / log(contraction(bowl, eta)))


def expected(bowl: Bowl, theta: Vector, eta: float, steps: int, every: int) -> list[float]:
    """E C at every so many steps, exactly: m_i = E d_i^2 goes to m_i (1 - 2 eta h_i) + eta^2 sum_j h_j^2 m_j."""
    h, m = bowl.curvatures, (theta - bowl.minimum) ** 2
    costs = [_rounded(float(h @ m) / 2)]
    for step in range(1, steps + 1):
        m = m * (1 - 2 * eta * h) + eta**2 * (h**2 @ m)
        if step % every == 0:
            costs.append(_rounded(float(h @ m) / 2))
    return costs


def below(costs: list[float], every: int) -> int | None:
    """First step looked at from which on costs stay below `SHARE` of the first; None if they do not."""
    above = np.flatnonzero(np.array(costs) > SHARE * costs[0])
    return (int(above[-1]) + 1) * every if above[-1] + 1 < len(costs) else None


def measure(chip: Chip, bench: Bench, name: str, steps: int = STEPS, every: int = EVERY) -> dict[str, Any]:
    """A row of the results: RTL beside floats, and of the bowl what theory says."""
    physics, eta = ARRAYS[name](chip.layout.parameters), step_size(chip)
    floats = {seed: by_floats(chip, physics, seed, steps, every) for seed in SEEDS}
    rtl = by_rtl(bench, chip, name, steps, every)
    row = {"array": name, "every": every, "eta": eta, "rtl": rtl, "floats": floats}
    print(f"{name}: {rtl['steps']} steps, {rtl['words']} words equal", file=sys.stderr, flush=True)
    if isinstance(physics, Bowl):
        row |= {
            "share": SHARE, "risk": RISK, "contraction": contraction(physics, eta), "bound": steps_bound(physics, eta),
            "expected": expected(physics, start(chip), eta, steps, every),
            "steps_rtl": below(rtl["costs"], every),
            "steps_floats": [below(costs, every) for costs in floats.values()],
        }  # fmt: skip
    return row


def main() -> int:
    """Train all arrays and write the page; returns the exit code."""
    chip = Chip(load(str(resources("ohmgrad.examples") / "external.toml")))
    bench = Bench(chip, BUILD)
    rows = [measure(chip, bench, name) for name in ARRAYS]
    RESULTS.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS / "arrays_outside.json", rows)
    (RESULTS / "arrays_outside.svg").write_bytes(image(picture(rows), "svg"))
    (RESULTS / "arrays_outside.md").write_text(page(chip, rows))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"arrays_outside: {failure}", file=sys.stderr)
        sys.exit(failure.code)
