"""Arguments of the public API that are no arrays: a call for each, which gets anything."""

import numpy as np

from ohmgrad.golden.analog.array import AnalogArray
from ohmgrad.golden.analog.devices import ConstantStep, Drift, PiecewiseStep, SoftBounds
from ohmgrad.golden.analog.difference import Difference
from ohmgrad.golden.analog.update import Update
from ohmgrad.golden.analog.zero_shift import zero_shift
from ohmgrad.golden.learn import MGD, Dense, Network, Trainer, models, optimizer
from ohmgrad.golden.learn.analog_trainer import AnalogTrainer, evaluate, uniform, with_weights
from ohmgrad.golden.learn.array_chip import ArrayChip
from ohmgrad.golden.learn.chip_in_loop import ChipTrainer
from ohmgrad.golden.learn.extraction import Average
from ohmgrad.golden.learn.float_layer import FloatLayer
from ohmgrad.golden.learn.layered import Layered
from ohmgrad.golden.learn.on_array import ArraySGD, MixedPrecision, TTv2
from ohmgrad.golden.learn.sources import DirectFeedback, NodePerturbation

from .any_cases import T, X, array, cells, layer, loop, network, pair, trainer

ARGUMENTS = {
    "AnalogArray": lambda v: (AnalogArray(ConstantStep(), v, 3), AnalogArray(v, 2, 3)),
    "AnalogArray, columns": lambda v: AnalogArray(ConstantStep(), 2, v),
    "AnalogArray, seed": lambda v: AnalogArray(ConstantStep(), 2, 3, v),
    "AnalogArray.update": lambda v: array().update(np.ones(3), np.ones(2), v),
    "AnalogArray of free length": lambda v: array(
        update=Update(fixed_bl=False, update_bl_management=False)).update(np.ones(3), np.ones(2), v),
    "AnalogArray.read_line": lambda v: array().read_line(v),
    "AnalogArray.pulse_line": lambda v: array().pulse_line(v, [1, 2]),
    "AnalogArray.program, rounds": lambda v: array().program(np.zeros((2, 3)), rounds=v),
    "AnalogArray.program, tolerance": lambda v: array().program(np.zeros((2, 3)), 2, v),
    "AnalogArray.program, most": lambda v: array().program(np.zeros((2, 3)), 2, None, v),
    "AnalogArray.program, reads": lambda v: array().program(np.zeros((2, 3)), 2, None, 2, v),
    "AnalogArray.decay": lambda v: array().decay(v),
    "AnalogArray.drift": lambda v: array(ConstantStep(drift=Drift(nu=0.1))).drift(v),
    "AnalogArray.restore": lambda v: array().restore(v),
    "Difference": lambda v: (Difference(array(), array(), v), Difference(array(), v)),
    "Difference, both": lambda v: Difference(array(), array(), 1, v),
    "Difference.update": lambda v: pair().update(np.ones(3), np.ones(2), v),
    "Difference.pulse_line": lambda v: pair().pulse_line(v, [1, 2]),
    "PulsedDevice.sample": lambda v: (ConstantStep().sample((2, v), 1), ConstantStep().sample((2, 3), v)),
    "SoftBounds.from_response": lambda v: SoftBounds.from_response(v, 0.1, -1, 1),
    "SoftBounds.from_response, alpha": lambda v: SoftBounds.from_response(10, v, -1, 1),
    "zero_shift": lambda v: zero_shift(cells(), np.zeros((2, 3), np.float32), v, np.random.default_rng(1)),
    "ArrayLayer": lambda v: (layer().update(np.ones(3), np.ones(2), v), ArraySGD(2, 3, SoftBounds(), seed=v)),
    "TTv2": lambda v: (TTv2(2, v, SoftBounds()), TTv2(2, 3, SoftBounds(), seed=v)),
    "TTv2, settings": lambda v: TTv2(2, 3, SoftBounds(), settings=v),
    "MixedPrecision": lambda v: MixedPrecision(2, 3, SoftBounds(), settings=v),
    "FloatLayer.update": lambda v: FloatLayer(np.ones((2, 3))).update(np.ones(3), np.ones(2), v),
    "Layered": lambda v: (Layered(v), Layered([FloatLayer(np.ones((2, 3)))], cost=v)),
    "AnalogTrainer": lambda v: (AnalogTrainer(network(), lr=v), AnalogTrainer(network(), batch=v)),
    "AnalogTrainer, seed": lambda v: (AnalogTrainer(network(), seed=v), AnalogTrainer(v)),
    "AnalogTrainer, average": lambda v: (AnalogTrainer(network(), average=v), AnalogTrainer(network(), v)),
    "evaluate": lambda v: evaluate(network(), X, T, v),
    "with_weights": lambda v: with_weights(network(), v),
    "uniform": lambda v: (uniform(v, 1), uniform((2, 3), v)),
    "Average": lambda v: (Average(v), Average(0, v), Average().observe(v, network())),
    "NodePerturbation": lambda v: (NodePerturbation(v), NodePerturbation(seed=v), NodePerturbation(inputs=v)),
    "DirectFeedback": lambda v: (DirectFeedback(v), DirectFeedback([(2, 3)], v), DirectFeedback([(2, 3)], 1, v)),
    "ArrayChip": lambda v: (ArrayChip(v, ConstantStep()), ArrayChip((3, 2), v), ArrayChip((3, 2), ConstantStep(), v)),
    "ChipTrainer": lambda v: ChipTrainer(v, MGD(), X, T),
    "ChipTrainer, granularity": lambda v: ChipTrainer(ArrayChip((3, 2), ConstantStep()), MGD(), X, T, 0, v),
    "ChipTrainer.run": lambda v: loop().run(loop().initial(), v),
    "Network": lambda v: (Network(v, [Dense(2)]), Network((3,), v), Network((3,), [Dense(v)])),
    "models": lambda v: (models.dense(v), models.deep_cnn(v)),
    "Trainer": lambda v: (trainer(v), trainer(X, v)),
    "Trainer, settings": lambda v: (Trainer(models.dense((3, 2)), v, X, T), Trainer(v, MGD(), X, T)),
    "Trainer, seeds": lambda v: Trainer(models.dense((3, 2)), MGD(), X, T, v),
    "Trainer.initial": lambda v: trainer().initial(bounds=v),
    "Trainer.run": lambda v: trainer().run(trainer().initial(), v),
    "Trainer.run, every": lambda v: trainer().run(trainer().initial(), 2, print, v),
    "Trainer.run, state": lambda v: trainer().run(v, 2),
    "inverse, cosine": lambda v: (optimizer.inverse(v)(3), optimizer.cosine(v)(3), optimizer.cosine(3, v)(3)),
    "PiecewiseStep": lambda v: PiecewiseStep(piecewise_up=v),
}  # fmt: skip
