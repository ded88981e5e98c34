"""Settings of a training run."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ..blocks.measure.samples import ORDERS
from ..inputs import choice, integer, number, require
from ..inputs import settings as check
from .passes import INPUTS, POLARITIES
from .perturbations import CODES

METHODS = ("weight", "rank-one", "node", "node-by-layer")
MODES = tuple(POLARITIES)
PATTERNS = ("batch", "sample")
MOST = 1 << 20
"""Most samples or readings of a step."""


@dataclass(frozen=True)
class MGD:
    """Settings of multiplexed gradient descent; times are in steps, one step is one reading of C~.

    With e_i = C~ s_i / a^2 each step, G_i = sum of e_i over tau_theta steps, theta -= eta G: E[e] is the gradient.
    [M23] and [O25] fix the norm A of the whole perturbation instead and divide by A^2 = P a^2, so their E[e] is
    g / P: eta = eta_paper / P, amplitude = A / sqrt(P).

    Attributes
    ----------
    code : str
        "random", "sequential", "walsh", "walsh-upper" or "sinusoidal": see `golden.blocks.perturb.codes`.
    method : str
        What is perturbed: "weight"; "rank-one" (weights, by r_n c_l a layer); "node" (pre-activations), "node-by-layer"
        (those of layer `pattern mod layers`).
    mode : str
        "forward": C~ = C - C0. "antithetic": C~ = (C(+s) - C(-s)) / 2. "analog": high-pass, low-pass, continuous
        update ([M23]): C~ <- tau_hp / (tau_hp + 1) (C~ + C - C_before), G <- (e + tau_theta G) / (tau_theta + 1),
        theta -= eta G each step.
    amplitude : float
        a, of each parameter (or node), up to 100; a trainer asks for a number that its float type resolves beside 1. A
        sine has the peak sqrt(2) a.
    eta : float
        Learning rate, from 0 to 100: that of the sum G, so a longer window wants a smaller one.
    tau_p, tau_theta, tau_x : int
        Steps for which a pattern is held; between updates (analog: low-pass); for which a mini-batch is held.
    batch : int
        Samples that are presented in each step.
    patterns : str
        "batch": one pattern for all samples of a mini-batch, and their mean cost; "sample": each has its own. Nodes
        always have a pattern for each sample.
    order : str
        Samples are drawn with replacement ("random") or taken in order ("cyclic"), as in
        `golden.blocks.measure.samples`.
    shared : bool
        All seeds see the samples of the first one; else each draws its own.
    refresh : int
        Forward: C0 is measured every so many steps; 0: whenever the samples or theta have changed.
    readings, c0_readings : int
        Readings whose mean is a cost, and those whose mean is a C0.
    momentum : float
        gamma of M = gamma M + eta G, theta -= M; 0 is the plain update.
    adam : bool
        Adam (0.9, 0.999, 1e-8) on G instead.
    schedule : callable, optional
        Factor on eta of update number k, counted from 0; see `optimizer.inverse` and `optimizer.cosine`.
    clamp : float
        C~ is limited to +-clamp.
    normalise : bool
        Divide G by tau sqrt(1 + (N - 1) / tau), N perturbed values, tau = tau_theta / tau_p: [O25], which keeps
        E|G| / |g| within 0.77 to 1.0.
    inputs : str
        Node methods: x of dW = (C~ s) x^T / B is that of the "mean" of both passes or of the "second" pass
        (antithetic), or of the unperturbed one ("clean"), which is one more evaluation if the mode has none.
    tau_hp : float
        Analog: time constant of the high-pass.
    blanking : int
        First steps of a mini-batch that are not correlated. In analog mode the high-pass is reset with the samples,
        so that its step is not taken for a response: C~ starts from zero, at C_before = C.
    """

    code: str = "random"
    method: str = "weight"
    mode: str = "antithetic"
    amplitude: float = 1e-3
    eta: float = 0.1
    tau_p: int = 1
    tau_theta: int = 1
    tau_x: int = 1
    batch: int = 1
    patterns: str = "batch"
    order: str = "random"
    shared: bool = False
    refresh: int = 0
    readings: int = 1
    c0_readings: int = 1
    momentum: float = 0.0
    adam: bool = False
    schedule: Callable[[int], float] | None = None
    clamp: float = inf
    normalise: bool = False
    inputs: str = "mean"
    tau_hp: float = 10.0
    blanking: int = 0

    def __post_init__(self) -> None:
        choice("code", self.code, CODES)
        choice("method", self.method, METHODS)
        choice("mode", self.mode, MODES)
        choice("patterns", self.patterns, PATTERNS)
        choice("order", self.order, ORDERS)
        choice("inputs", self.inputs, INPUTS)
        for name in ("tau_p", "tau_theta", "tau_x"):
            integer(name, getattr(self, name), 1)
        for name in ("batch", "readings", "c0_readings"):
            integer(name, getattr(self, name), 1, MOST)
        number("amplitude", self.amplitude, 0, 100, above=True)
        number("eta", self.eta, 0, 100)
        number("clamp", self.clamp, 0, above=True, infinite=True)
        number("tau_hp", self.tau_hp, 0, above=True)
        check(self, "clamp", named=False)
        require(self.schedule is None or callable(self.schedule), "schedule", self.schedule, "a function, or None")
        require(0 <= self.momentum < 1, "momentum", self.momentum, "a number from 0 to below 1")
        require(not (self.adam and self.momentum), "momentum", self.momentum, "0 with adam, which has its own")
        integer("refresh", self.refresh)
        require(0 <= self.blanking < self.tau_x, "blanking", self.blanking, f"0 to tau_x - 1 = {self.tau_x - 1}")
        if self.mode == "analog":
            self._check_analog()
        second = self.inputs != "second" or self.mode == "antithetic"
        require(second, "inputs", self.inputs, "mean or clean in a mode that has no second perturbed pass")
        # Each layer has every n-th pattern only, which a code with a cycle need not survive.
        alone = self.method != "node-by-layer" or self.code == "random"
        require(alone, "code", self.code, "random with node-by-layer")

    def _check_analog(self) -> None:
        allowed = f"4 tau_p = {4 * self.tau_p} or more in analog mode: the high-pass starts anew with each sample"
        require(self.tau_x >= 4 * self.tau_p, "tau_x", self.tau_x, allowed)
        require(self.method in ("weight", "rank-one"), "method", self.method, "weight or rank-one in analog mode")
        scalar = not self.per_sample or self.batch == 1
        require(scalar, "patterns", self.patterns, "batch in analog mode: C is one scalar")
        require(not self.momentum and not self.adam, "momentum", self.momentum, "0, and no adam, in analog mode")
        require(not self.normalise, "normalise", self.normalise, "False in analog mode")

    @property
    def per_sample(self) -> bool:
        """Whether each sample of a mini-batch has its own pattern."""
        return self.batch == 1 or self.patterns == "sample" or self.nodes

    @property
    def nodes(self) -> bool:
        """Whether pre-activations are perturbed."""
        return self.method in ("node", "node-by-layer")

    @property
    def rails(self) -> tuple[int, ...]:
        """Polarities of the perturbed passes of a step."""
        return POLARITIES[self.mode]
