"""One training script for all chips: the integer model, the Verilated RTL, a board.

    python examples/chip_in_the_loop.py --chip golden
    python examples/chip_in_the_loop.py --chip sim
    python examples/chip_in_the_loop.py --chip board --port /dev/ttyUSB1       (or --port virtual)
    python examples/chip_in_the_loop.py --chip netlist --steps 40

XOR is learned twice from one start, with the same signs and samples: first the host perturbs, reads costs and updates
(MGD of `golden.learn`, chip in the loop), then the engine on the chip does it. The two differ by the rounding of what
the host keeps in floats, the engine in words. On the other chips the integer model goes through both beside them, and
every cost must be equal. The picture has both curves.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ohmgrad.fpga.host.board import Board
from ohmgrad.fpga.host.chip_in_loop import chip_of
from ohmgrad.fpga.host.golden import compare
from ohmgrad.fpga.host.host import Host
from ohmgrad.golden.chip.chip import Chip
from ohmgrad.golden.chip.config import load
from ohmgrad.golden.data import datasets
from ohmgrad.golden.engine import Engine
from ohmgrad.golden.learn import MGD
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.engine_chip import EngineChip, GoldenEvaluator

PIECES = 20
"""Points of a curve."""


@contextmanager
def opened(kind: str, port: str, engine: Engine) -> Iterator[Host | None]:
    """Host of the chip that was asked for; None for the integer model, which has none."""
    from ohmgrad.fpga.simulation.simulator import simulator
    from ohmgrad.fpga.simulation.verilate import BUILDS

    if kind == "golden":
        yield None
    elif kind == "sim":
        yield simulator(engine, engine.initial())
    elif kind == "netlist":
        from ohmgrad.fpga.simulation.netlist import simulate

        yield simulate(engine.chip)[0]
    elif port == "virtual":
        from ohmgrad.fpga.simulation.virtual_board import VirtualBoard

        with VirtualBoard(engine.chip, BUILDS) as virtual, Board(engine.chip, virtual.port) as board:
            yield board
    else:
        with Board(engine.chip, port) as board:
            yield board


def by_host(chip: EngineChip, engine: Engine, steps: int) -> list[float]:
    """Mean cost of the samples at `PIECES` + 1 points of a training by the host."""
    config, p = engine.chip.config, engine.chip.config.perturbation
    settings = MGD(
        p.code, mode=config.cost.mode, amplitude=engine.chip.crossbar.amplitude * engine.chip.weight_unit,
        eta=config.update.eta, tau_p=p.tau_p, tau_x=p.tau_x, tau_theta=p.tau_theta, order=config.dataset.order,
    )  # fmt: skip
    trainer = ChipTrainer(chip, settings, engine.split.train_x, engine.split.train_t, config.seed)
    state = trainer.initial(engine.initial().theta * engine.chip.state_unit)
    costs = [trainer.mean_cost(state.theta)]
    for _ in range(PIECES):
        trainer.run(state, steps // PIECES)
        costs.append(trainer.mean_cost(state.theta))
        print(f"by the host: step {state.step}, mean cost {costs[-1]:.5f}", flush=True)
    return costs


def by_engine(host: Host | None, engine: Engine, steps: int) -> list[float]:
    """The same of a training by the engine; on a host's chip golden runs beside it, all memories are compared."""
    state, samples, mean = engine.initial(), len(engine.inputs), EngineChip(engine.chip, GoldenEvaluator(engine)).mean
    if host:
        host.load(state, engine.inputs, engine.targets)
    costs = []
    for piece in range(PIECES + 1):
        if piece:
            engine.run(state, steps // PIECES)
            if host:
                host.run(steps // PIECES)
                compare(state, host.state())
        costs.append(mean(engine.evaluate(state, samples)[0], samples))
        if host:
            assert mean(host.evaluate(samples)[0], samples) == costs[-1], "the chip's cost is not golden's"
        print(f"by the engine: step {state.step}, mean cost {costs[-1]:.5f}", flush=True)
    return costs


def draw(path: Path, title: str, steps: int, curves: dict[str, list[float]]) -> None:
    """Write the picture: mean cost over steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for label, costs in curves.items():
        axes.semilogy([steps * k // PIECES for k in range(PIECES + 1)], costs, label=label)
    axes.set(title=title, xlabel="step", ylabel="mean cost of the four samples")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    """Train as the command line says."""
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(description="Train XOR on any chip, by the host and by the engine.")
    parser.add_argument("--chip", choices=("golden", "sim", "board", "netlist"), default="golden")
    parser.add_argument("--port", default="virtual", help="serial port of the board, or virtual")
    parser.add_argument("--description", type=Path, default=here / "xor_icebreaker.toml", help="chip description")
    parser.add_argument("--steps", type=int, default=4000, help="of each training")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/chip_in_the_loop"), help="folder")
    chosen = parser.parse_args()

    config = load(str(chosen.description))
    data = config.dataset
    engine = Engine(Chip(config), datasets.load(data.set, data.train, data.test, config.seed))
    host_costs = by_host(EngineChip(engine.chip, GoldenEvaluator(engine)), engine, chosen.steps)
    with opened(chosen.chip, chosen.port, engine) as host:
        if host:
            assert by_host(chip_of(host), engine, chosen.steps) == host_costs, "the chip's costs are not golden's"
            print(f"{chosen.chip}: all costs equal those of the integer model")
        engine_costs = by_engine(host, engine, chosen.steps)
    picture = chosen.output / f"{chosen.chip}.png"
    curves = {"MGD by the host": host_costs, "engine": engine_costs}
    draw(picture, f"{config.name} on {chosen.chip}", chosen.steps, curves)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main()
