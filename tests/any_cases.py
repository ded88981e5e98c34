"""What the public API does with arrays: a call for all that takes some, and the right shapes."""

from functools import cache

import numpy as np

from ohmgrad.golden.analog.ageing import Ageing
from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep, SoftBounds
from ohmgrad.golden.analog.difference import Difference
from ohmgrad.golden.analog.one_sided import OneSided
from ohmgrad.golden.analog.pulsed import extent
from ohmgrad.golden.analog.write_verify import program
from ohmgrad.golden.analog.zero_shift import zero_shift
from ohmgrad.golden.learn import MGD, Trainer, models
from ohmgrad.golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ohmgrad.golden.learn.array_chip import ArrayChip
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.engine_chip import EngineChip
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered
from ohmgrad.golden.learn.on_array import ArraySGD, MixedPrecision, TTv2
from ohmgrad.golden.learn.sources import Backpropagation, DirectFeedback, NodePerturbation, RankOne

from .chips import small

RNG = np.random.default_rng(7)
X, T = RNG.uniform(-1, 1, (5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]
SHAPES = ((5, 3), (5, 2))


def array(device=None, **settings):
    return AnalogArray(device or ConstantStep(), 2, 3, 1, **settings)


def pair():
    return Difference(array(), array(), both=True)


def layer(kind=ArraySGD):
    return kind(2, 3, SoftBounds(), seed=1)


def network():
    return Layered([FloatLayer(w) for w in uniform((3, 4, 2), 1)], hidden="tanh", cost="mse")


def trainer(x=X, t=T, **settings):
    return Trainer(models.dense((3, 2)), MGD(**settings), x, t)


def loop(x=X, t=T):
    return ChipTrainer(ArrayChip((3, 2), ConstantStep()), MGD(), x, t)


def aged(name, *arguments):
    """A method of `Ageing` on weights; what it leaves is looked at too."""

    def call(weights):
        cells = ConstantStep(lifetime=9.0, diffusion=0.1).sample((2, 3), 1)
        getattr(Ageing(ConstantStep(lifetime=9.0, diffusion=0.1), cells, 2), name)(weights, *arguments)
        return weights

    return call


def done(make, name, *after):
    """A method of a fresh object; returns what it gives, and the weights that it leaves."""

    def call(*given):
        made = make()
        return [getattr(made, name)(*given, *after), getattr(made, "weights", None)]

    return call


def restored(make, name):
    """`restore` of a state in which one entry is something else."""

    def call(value):
        made = make()
        made.restore({**made.state(), name: value})
        return made.weights

    return call


@cache
def engine_chip():
    return EngineChip(small(), None)  # type: ignore[arg-type]


def cells():
    return ConstantStep().sample((2, 3), 1)


def refreshed(weights):
    device = OneSided(device=ConstantStep(w_min=0.0), refresh_every=1)
    drawn = device.sample((2, 3), 1)
    device.refresh(Ageing(device.device, drawn, 2), weights, np.random.default_rng(1))
    return weights


def crossbars(module, make):
    return {f"{module}.{name}": (done(make, name, *after), shapes) for name, after, *shapes in (
        ("forward", (), (3,)), ("backward", (), (2,)), ("update", (0.1,), (3,), (2,)), ("pulse_line", (), (), (2,)),
        ("hold", (), (2, 3)), ("reset", (), (2, 3)), ("program", (2,), (2, 3)),
    ) if name != "pulse_line"} | {f"{module}.pulse_line": (lambda v: make().pulse_line(0, v), [(2,)])}  # fmt: skip


def sourced(source):
    return lambda x, t: [*source(network(), x, t)[0]], SHAPES


CASES = {
    **crossbars("analog.array.AnalogArray", array),
    **crossbars("analog.difference.Difference", pair),
    "analog.array.AnalogArray.restore": (restored(array, "weights"), [(2, 3)]),
    "analog.difference.Difference.restore": (restored(pair, "minus.each"), [(2, 3, 8)]),
    "analog.ageing.Ageing.decay": (aged("decay", np.random.default_rng(1)), [(2, 3)]),
    "analog.ageing.Ageing.retain": (aged("retain", 2.5, np.random.default_rng(1)), [(2, 3)]),
    "analog.ageing.Ageing.diffuse": (aged("diffuse", np.random.default_rng(1)), [(2, 3)]),
    "analog.ageing.Ageing.drift": (aged("drift", 2.0, np.random.default_rng(1)), [(2, 3)]),
    "analog.ageing.Ageing.reset": (
        lambda w, where: Ageing(ConstantStep(), cells(), 1).reset(w, np.random.default_rng(1), where), [(2, 3), (2, 3)],
    ),
    "analog.cells.Cells.stick": (lambda where: cells().stick(where, 0.1), [(2, 3)]),
    "analog.cells.Cells.hold": (lambda w: cells().hold(w), [(2, 3)]),
    "analog.cells.Cells.hidden": (lambda w: cells().hidden(w), [(2, 3)]),
    "analog.cells.Cells.restore": (lambda w: cells().restore([w]), [(2, 3)]),
    "analog.cells.Cells.subtract": (lambda r, w: cells().subtract(r, w), [(2, 3), (2, 3)]),
    "analog.one_sided.OneSided.refresh": (refreshed, [(2, 3)]),
    "analog.pulsed.extent": (lambda v: extent("shape", v), [(2,)]),
    "analog.write_verify.program": (lambda v: program(array(), v, 2, None, 3, 1), [(2, 3)]),
    "analog.zero_shift.zero_shift": (lambda w: zero_shift(cells(), w, 2, np.random.default_rng(1)), [(2, 3)]),
    "learn.analog_trainer.AnalogTrainer.step": (lambda x, t: AnalogTrainer(network()).step(x, t), SHAPES),
    "learn.analog_trainer.AnalogTrainer.epoch": (lambda x, t: AnalogTrainer(network(), batch=2).epoch(x, t), SHAPES),
    "learn.analog_trainer.AnalogTrainer.evaluate": (
        lambda x, t, w: AnalogTrainer(network()).evaluate(x, t, [w, network().weights[1]]), [*SHAPES, (4, 4)],
    ),
    "learn.analog_trainer.evaluate": (lambda x, t: evaluate(network(), x, t), SHAPES),
    "learn.analog_trainer.with_weights": (lambda w: with_weights(network(), w), [(2, 4, 4)]),
    "learn.array_chip.ArrayChip.load": (lambda v: ArrayChip((3, 2), ConstantStep()).load(v), [(8,)]),
    "learn.array_chip.ArrayChip.present": (lambda x, t: ArrayChip((3, 2), ConstantStep()).present(x, t), SHAPES),
    "learn.array_chip.ArrayChip.perturb": (lambda v: ArrayChip((3, 2), ConstantStep()).perturb(v), [(8,)]),
    "learn.array_chip.ArrayChip.pulse": (lambda v: ArrayChip((3, 2), ConstantStep()).pulse(v), [(8,)]),
    "learn.array_layer.ArrayLayer.forward": (done(layer, "forward"), [(3,)]),
    "learn.array_layer.ArrayLayer.backward": (done(layer, "backward"), [(2,)]),
    "learn.array_layer.ArrayLayer.update": (done(lambda: layer(MixedPrecision), "update", 0.1), [(3,), (2,)]),
    "learn.array_layer.ArrayLayer.hold": (done(layer, "hold"), [(2, 3)]),
    "learn.array_layer.ArrayLayer.restore": (restored(lambda: layer(MixedPrecision), "chi"), [(2, 3)]),
    "learn.tiki_taka.TikiTaka.__init__": (lambda v: TTv2(2, 3, SoftBounds(), reference=v), [(2, 3)]),
    "learn.tiki_taka.TikiTaka.restore": (restored(lambda: layer(TTv2), "h"), [(3, 2)]),
    "learn.chip_in_loop.ChipTrainer.__init__": (lambda x, t: loop(x, t).x, SHAPES),
    "learn.chip_in_loop.ChipTrainer.initial": (lambda v: loop().initial(v).theta, [(8,)]),
    "learn.chip_in_loop.ChipTrainer.costs": (lambda v, x, t: loop().costs(v, x, t), [(1, 8), *SHAPES]),
    "learn.chip_in_loop.ChipTrainer.mean_cost": (lambda v: loop().mean_cost(v), [(1, 8)]),
    "learn.chip_in_loop.ChipTrainer.evaluate": (lambda v, x, t: loop().evaluate(v, x, t)[0], [(1, 8), *SHAPES]),
    "learn.engine_chip.EngineChip.load": (lambda v: engine_chip().load(v), [(37,)]),
    "learn.engine_chip.EngineChip.present": (lambda x, t: engine_chip().present(x, t), [(4, 2), (4, 1)]),
    "learn.engine_chip.EngineChip.perturb": (lambda v: engine_chip().perturb(v), [(37,)]),
    "learn.engine_chip.EngineChip.pulse": (lambda v: engine_chip().pulse(v), [(37,)]),
    "learn.float_layer.FloatLayer.__init__": (lambda w: FloatLayer(w).weights, [(2, 3)]),
    "learn.float_layer.FloatLayer.forward": (lambda x: FloatLayer(np.ones((2, 3))).forward(x), [(3,)]),
    "learn.float_layer.FloatLayer.backward": (lambda d: FloatLayer(np.ones((2, 3))).backward(d), [(2,)]),
    "learn.float_layer.FloatLayer.update": (done(lambda: FloatLayer(np.ones((2, 3))), "update", 0.1), [(3,), (2,)]),
    "learn.layered.Layered.forward": (lambda x: network().forward(x).y, [(5, 3)]),
    "learn.layered.Layered.costs": (lambda y, t: network().costs(y, t), [(5, 2), (5, 2)]),
    "learn.layered.Layered.error": (lambda y, t: network().error(y, t), [(5, 2), (5, 2)]),
    "learn.networks.Network.forward": (lambda v, x: models.dense((3, 2)).forward(v, x), [(8,), (5, 3)]),
    "learn.networks.Network.costs": (lambda y, t: models.dense((3, 2)).costs(y, t), [(5, 2), (5, 2)]),
    "learn.sources.Backpropagation.__call__": sourced(Backpropagation()),
    "learn.sources.DirectFeedback.__call__": sourced(DirectFeedback([(4, 4), (2, 5)])),
    "learn.sources.NodePerturbation.__call__": sourced(NodePerturbation()),
    "learn.sources.RankOne.__call__": sourced(RankOne()),
    "learn.trainer.Trainer.__init__": (lambda x, t: trainer(x, t).run(trainer(x, t).initial(), 2).theta, SHAPES),
    "learn.trainer.Trainer.initial": (lambda v: trainer().run(trainer().initial(v), 2).theta, [(8,)]),
    "learn.trainer.Trainer.costs": (lambda v, x, t: trainer().costs(v, x, t), [(1, 8), *SHAPES]),
    "learn.trainer.Trainer.evaluate": (lambda v, x, t: [*trainer().evaluate(v, x, t)], [(1, 8), *SHAPES]),
}  # fmt: skip
"""A call, and the right shapes of what it takes."""

FORMULAS = "learn.layered.Layered.costs", "learn.layered.Layered.error", "learn.networks.Network.costs"
"""What answers as floating point does: a trainer sees to what is not finite in a cost."""

INSIDE = {
    "analog.crossbar.Crossbar": "a protocol",
    "learn.chip_protocol.Chip": "a protocol",
    "learn.layered.Layer": "a protocol",
    "learn.sources.Source": "a protocol",
    "learn.engine_chip.Evaluator": "a protocol",
    "learn.engine_chip.GoldenEvaluator": "takes the words that EngineChip makes",
    "learn.watched_chip.WatchedChip": "stands between a trainer and a chip",
    "learn.functions": "formulas of arrays that are checked",
    "learn.kernels": "arguments of compiled kernels",
    "learn.noise": "the hardware of a trainer",
    "learn.optimizer": "the memories of a trainer",
    "learn.passes": "the passes of a probe",
    "learn.perturbations": "numbers of steps, and keys",
    "learn.probes": "what a trainer asks for",
    "learn.networks.Network.propagate": "`forward` of arrays that are checked",
    "learn.networks.affine": "of `propagate`",
    "learn.networks.patches": "of `propagate`",
    "learn.networks.weights": "of `propagate`",
    "learn.layered.slope": "of a pass",
    "learn.sources.presented": "the check of the sources",
    "learn.state.State": "checked where a trainer takes it",
    "learn.trainer.Trainer.samples": "numbers of steps",
    "learn.trainer.Trainer.move": "a step of the window",
    "learn.chip_in_loop.ChipTrainer.move": "a step of the window",
    "learn.array_layer.LayerArray.read_line": "a reference that the layer has checked",
}
"""What has arrays in its annotations and trusts its caller, and why."""
