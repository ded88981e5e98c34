"""Steps until the estimate of the gradient stays within 15 degrees of the gradient, by code."""

import numpy as np
from matplotlib.figure import Figure

from ...golden.blocks.perturb.codes import KINDS, Codes
from ...golden.learn import MGD, Trainer, models
from .backprop import gradient
from .common import chart, draw, start
from .framework import Json, Options, Progress, Study, Unit

ABOUT = """
How long G must be integrated, without noise, until it points along the gradient: steps, in units of the number of
parameters P, after which the angle between them stays below 15 degrees to the end of the run. Dense sigmoid
networks on eight fixed random samples, all of them in every step, weights U(+-1/sqrt(inputs)) by seed; a = 1e-4,
double precision. A step is one reading of C~: one more reading of C0 in all (forward), or two of C a step
(antithetic). Of the random code theory says P / tan^2(15 degrees) = 13.9 P. A cycle, after which a code has visited
all parameters alike, is P steps of the sequential code, and of a Walsh code the next power of two. Mean and
standard deviation over seeds.
"""
DEGREES = 15
PAPER = {
    "random": "13.9 P (theory)", "walsh": "1.5 to 1.9 P", "walsh-upper": "1.5 to 1.9 P",
    "sequential": "to 2.8 P", "sinusoidal": "to 2.8 P",
}  # fmt: skip
LENGTH = {"random": 40.0, "walsh": 6.0, "walsh-upper": 6.0, "sequential": 4.0, "sinusoidal": 8.0}
"""Length of a run, in units of P."""
NETWORKS = ((2, 2, 1), (8, 8, 1), (49, 4, 4))


def units(options: Options) -> list[Unit]:
    """One for each network, code and mode."""
    seeds, networks = options.range(8), options.pick(NETWORKS, NETWORKS[:1])
    return [
        Unit(
            {"layers": list(layers), "code": code, "mode": mode, "seeds": len(seeds), "length": LENGTH[code]},
            lambda progress, v=(layers, code, mode): measure(*v, seeds, progress),
        )
        for layers in networks
        for code in PAPER
        for mode in ("forward", "antithetic")
    ]


def measure(layers: tuple[int, ...], code: str, mode: str, seeds: list[int], progress: Progress) -> Json:
    """Integrate, and note the angle at every step."""
    network = models.dense(layers)
    rng = np.random.default_rng(1)
    x, t = rng.uniform(-1, 1, (8, layers[0])), rng.integers(0, 2, (8, layers[-1])).astype(float)
    theta = start(network, seeds)
    steps = round(LENGTH[code] * network.size)
    settings = MGD(code=code, mode=mode, amplitude=1e-4, tau_theta=steps + 1, tau_x=steps + 1, batch=8, order="cyclic")
    trainer = Trainer(network, settings, x, t, seeds=tuple(seeds))
    state = trainer.initial(theta=theta.copy())
    true = gradient(network, theta, x, t)
    angles = np.empty((steps, len(seeds)))
    for step in range(steps):
        trainer.run(state, 1)
        angles[step] = angle(state.g, true)
        progress(step + 1, steps)
    outside = angles >= DEGREES
    last = np.where(outside.any(0), steps - outside[::-1].argmax(0), 0)
    selected = np.unique(np.geomspace(1, steps, 60).round().astype(int))
    return {
        "parameters": network.size,
        "within": [(int(n) + 1) / network.size if n < steps else None for n in last],
        "steps": selected.tolist(),
        "angles": angles[selected - 1].round(3).tolist(),
    }


def angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Degrees between rows."""
    norm = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    cosine = np.divide((a * b).sum(-1), norm, out=np.zeros_like(norm), where=norm > 0)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def rows(results: list[Json]) -> list[Json]:
    """The table."""
    out: list[Json] = []
    for record in results:
        unit, result = record["unit"], record["result"]
        within = [value for value in result["within"] if value is not None]
        spread = f"{np.mean(within):.2f} +- {np.std(within):.2f} P" if within else "not reached"
        out.append(
            {
                "code": unit["code"], "mode": unit["mode"], "network": "-".join(map(str, unit["layers"])),
                "P": result["parameters"], "paper": PAPER[unit["code"]], "ours": spread, "in cycles": _cycles(record),
                "reached": f"{len(within)} of {unit['seeds']}", "run for": f"{unit['length']:g} P",
            }
        )  # fmt: skip
    return out


def _cycles(record: Json) -> float | None:
    """Mean of the steps, in cycles of a code that has some."""
    code, size = record["unit"]["code"], record["result"]["parameters"]
    within = [value for value in record["result"]["within"] if value is not None]
    if code in ("random", "sinusoidal") or not within:
        return None
    return round(float(np.mean(within)) * size / Codes(KINDS[code.removesuffix("-upper")], 0, size).cycle, 2)


def figure(results: list[Json]) -> Figure:
    """Angle over steps, of the largest network with antithetic readings."""
    picture, axes = chart("Estimate against gradient, largest network, antithetic", "steps / P", "degrees", "xy")
    largest = max(record["result"]["parameters"] for record in results)
    selected = [r for r in results if r["result"]["parameters"] == largest and r["unit"]["mode"] == "antithetic"]
    for number, record in enumerate(selected):
        x = np.array(record["result"]["steps"]) / largest
        draw(axes, x, record["result"]["angles"], record["unit"]["code"], number)
    axes.axhline(DEGREES, color="#999999", linewidth=0.8)
    axes.set_ylim(1, 100)
    axes.legend(fontsize=7)
    return picture


STUDY = Study("angle", "Steps to measure a gradient", ABOUT, units, rows, figure)
