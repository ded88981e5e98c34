"""Multiplexed gradient descent in floating point, for studies: any network, many seeds at once, on CPU or GPU.

The integer golden model says what the hardware does; this says what the algorithm does. The same call runs on
NumPy, PyTorch or CuPy: the arrays of the data choose the namespace, the processor and the float type.

    network = Network((784,), (Dense(128, "relu"), Dense(10)), cost="cross-entropy")
    trainer = Trainer(network, MGD(amplitude=1e-3, eta=0.1, batch=256), x, t, seeds=range(8))
    state = trainer.initial()
    trainer.run(state, 10_000, progress=lambda state: print(state.step))
    cost, accuracy = trainer.evaluate(state.theta, x_test, t_test)

Shapes: R seeds (replicas), P parameters, n samples; `x` is (n, features), `t` is (n, outputs), theta is (R, P),
costs and accuracies are (R,). Networks (`networks`, `models`):

    Dense(outputs, activation="linear")
    Conv(channels, activation="linear", size=3, padding="valid" | "same")       stride 1
    MaxPool(size=2)
    Network(shape, layers, cost="mse" | "l1" | "cross-entropy")     shape (features,) or (height, width, channels)
        .size .nodes .blocks  .forward(theta, x) -> (..., samples, outputs)  .costs(outputs, t) -> (..., samples)
    models.dense((784, 128, 10), hidden, output, cost)  models.fashion_cnn()  models.cifar_cnn()  models.deep_cnn(width)

Training (`settings`, `trainer`):

    MGD(code, method, mode, amplitude, eta, tau_p, tau_theta, tau_x, batch, ...)        see `settings.MGD`
    Trainer(network, settings, x, t, seeds=(0,), defects=Defects())
        .initial(theta=None, bounds=None) -> State
        .run(state, steps, progress=None)           in place; progress(state) is called now and then
        .evaluate(theta, x=None, t=None) -> (cost, accuracy), arrays of shape (R,)
        .costs(theta, x, t) -> (R, n)
    State: theta, g, momentum, second, step, updates, evaluations       `checkpoint.save(path, trainer, state)`,
                                                                        `checkpoint.restore(path, trainer) -> State`
    Defects(cost_noise, update_noise, activation, dac_bits, ...)        see `noise.Defects`

A chip in the place of the network (`chip_protocol`, `chip_in_loop`, `engine_chip`, `array_chip`):

    ChipTrainer(chip, settings, x, t, seed=0, granularity=0)        chip: load present perturb cost pulse read

`evaluations` counts every presentation of a sample to the network whose cost is read, C0 included.
"""  # fmt: skip

from . import models
from .networks import Conv, Dense, MaxPool, Network
from .noise import Defects
from .settings import MGD
from .state import State
from .trainer import Trainer

__all__ = ["MGD", "Conv", "Defects", "Dense", "MaxPool", "Network", "State", "Trainer", "models"]
