"""A run of the engine by the equations of [M23], one step at a time, from the parts of `tests.reference`."""

from fractions import Fraction

from . import reference
from .reference import clipped, nearest

MOMENTUM_BOUND = 2**22 - 1


def words(state, name, count=0):
    """Words of a memory; of one that the chip does not have, so many zeros."""
    return state.arrays[name].tolist() if name in state.arrays else [0] * count


class Replay:
    """A chip's memories as lists of integers, and its settings as the chip description has them."""

    def __init__(self, chip, learner, state):
        self.chip, self.config = chip, chip.config
        self.inputs, self.targets = learner.inputs.tolist(), learner.targets.tolist()
        self.theta, self.g, self.h, self.m = (words(state, name, len(state.theta)) for name in ("theta", "g", "h", "m"))
        self.now, self.flags = state.step, [False] * 3
        pulsed, size = chip.path.pulsed, len(self.theta)
        self.rows = [reference.device(chip.path.devices, i) for i in range(size)] if pulsed else None
        self.high_pass = self.level = self.c0 = 0
        self.costs = {}
        delay = self.config.engine.delay
        self.delay = self.config.array.latency if delay is None else delay

    def step(self):
        """Sample, ADC and activation codes of both rails, both sums, and C~ of one step."""
        config, taus, now = self.config, self.config.perturbation, self.now
        n = reference.sample(self.chip.samples, now // taus.tau_x)
        values = reference.signs(self.chip.codes, now // taus.tau_p)
        other = -1 if config.cost.mode == "antithetic" else 0
        steps = self.perturbations(values, now // taus.tau_p)
        rails = [reference.network(self.chip, self.theta, steps, polarity, self.inputs[n]) for polarity in (1, other)]
        outputs = len(self.targets[n])
        sums = [reference.cost_sum(config.cost.function, act[-outputs:], self.targets[n]) for _, act in rails]
        exact = self.cost(*sums)
        cost = clipped(exact, 2 ** (config.cost.bits - 1) - 1)
        self.flags[0] |= cost != exact
        self.costs[now] = cost
        self.correlate(self.costs.pop(now - config.array.latency, 0), [*self.inputs[n], *rails[1][1]])
        self.now += 1
        if config.cost.mode == "analog" or self.now % taus.tau_theta == 0:
            value = [v for start, v in self.chip.path.schedule if start < self.now][-1]
            self.filter(*value) if self.rows else self.descend(value)
            if config.cost.mode != "analog":
                self.g = [0] * len(self.g)
        adc, act = (list(zip(*codes, strict=True)) for codes in zip(*rails, strict=True))
        return n, adc, act, sums, cost

    def cost(self, s0, s1):
        """C~ before it saturates."""
        config, taus, now = self.config.cost, self.config.perturbation, self.now
        if config.mode == "antithetic":
            return s0 - s1
        if config.mode == "forward":
            changed = now % taus.tau_x == 0 or now % taus.tau_theta == 0
            self.c0 = s1 if (now % config.refresh == 0 if config.refresh else changed) else self.c0
            return s0 - self.c0
        decay = Fraction(nearest(Fraction(config.tau_hp / (config.tau_hp + 1) * 2**16)), 2**16)
        level = 256 * s0
        self.high_pass = nearest((self.high_pass + level - self.level) * decay) if now % taus.tau_x else 0
        self.level = level
        return nearest(Fraction(self.high_pass, 256))

    def memory(self):
        """The cost unit's memory as golden keeps it: sum of C0's readings, or S_0 and C~ in 2**-8."""
        mode, readings = self.config.cost.mode, self.config.cost.average_c0
        return {"antithetic": [0, 0], "forward": [self.c0 * readings, 0], "analog": [self.level, self.high_pass]}[mode]

    def pending(self):
        """C~ on their way, by step modulo latency."""
        latency = self.config.array.latency
        late = dict.fromkeys(range(latency), 0) | {n % latency: c for n, c in self.costs.items()}
        return [late[k] for k in range(latency)]

    def layered(self, values, pattern):
        """Values of the neurons, zero in all layers but one if they take turns."""
        layers = self.chip.layout.layers
        if self.config.perturbation.method != "node-by-layer":
            return values
        turn = pattern % (len(layers) - 1)
        first = sum(layers[1 : turn + 1])
        return [v if first <= n < first + layers[turn + 1] else 0 for n, v in enumerate(values)]

    def perturbations(self, values, pattern):
        """What is added to the parameters on rail 0, in amplitudes."""
        layers, method = self.chip.layout.layers, self.config.perturbation.method
        if self.config.perturbation.code == "rank-one":
            return reference.matrix(layers, lambda k, n, line: values[n] * values[sum(layers[1:]) + line])
        if method == "weight":
            return values
        biases = [sum(layers[: k + 1]) + k for k in range(len(layers) - 1)]
        values = self.layered(values, pattern)
        return reference.matrix(layers, lambda k, n, line: values[n] if line == biases[k] else 0)

    def factors(self, pattern, act):
        """What C~ is correlated with; `act` are the lines without biases of rail 1, and the outputs."""
        layers, p = self.chip.layout.layers, self.config.perturbation
        codes = self.chip.codes
        if p.code == "sinusoidal":
            codes = codes._replace(phase=round((p.phase - p.lag) * reference.period(codes)))
        values = reference.signs(codes, pattern)
        if p.method == "weight":
            return self.perturbations(values, pattern)
        values, one, lines = self.layered(values, pattern), 2 ** (self.config.array.input_bits - 1) - 1, []
        for k, width in enumerate(layers[:-1]):
            lines += [*act[sum(layers[:k]) :][:width], one]
        return reference.matrix(layers, lambda k, n, line: values[n] * lines[line])

    def correlate(self, cost, act):
        """G += C~ s, of the pattern that the engine takes the cost to belong to; in analog mode G leaks."""
        taus, at = self.config.perturbation, self.now - self.delay
        used = at >= 0 and at % taus.tau_x >= taus.blanking
        factors = self.factors(at // taus.tau_p, act) if used else [0] * len(self.g)
        leak = nearest(Fraction(2**16, taus.tau_theta + 1)) if self.config.cost.mode == "analog" else 0
        exact = [g - nearest(Fraction(g * leak, 2**16)) + cost * s for g, s in zip(self.g, factors, strict=True)]
        self.g = [clipped(g, 2 ** (self.chip.correlator.bits - 1) - 1) for g in exact]
        self.flags[1] |= self.g != exact

    def descend(self, rates):
        """M = gamma M + eta G; theta -= M."""
        optimizer, update = self.chip.path.optimizer, self.config.update
        bound, layers = 2 ** (self.config.weights.bits - 1) - 1, self.chip.layout.layers
        gamma = Fraction(round(update.momentum * 256), 256)
        for i, rate in enumerate(reference.matrix(layers, lambda k, n, line: rates[k])):
            change, bits = self.g[i] * rate, optimizer.shift
            if gamma:
                exact = nearest(self.m[i] * gamma) + nearest(Fraction(change * 256, 2**bits))
                change, bits = clipped(exact, MOMENTUM_BOUND), 8
                self.m[i] = change
                self.flags[2] |= exact != change
            draw = None
            if update.rounding == "stochastic":
                draw = reference.rounding_draw(self.config.seed, self.now - 1, i)
            exact = self.theta[i] - reference.rounded(change, bits, draw)
            self.theta[i] = clipped(exact, bound)
            self.flags[2] |= self.theta[i] != exact

    def filter(self, threshold):
        """H -= G; where |H| >= T a pulse goes to the device."""
        devices, number = self.chip.path.devices, self.now - 1
        exact = [h - g for h, g in zip(self.h, self.g, strict=True)]
        held = [clipped(h, self.chip.path.ttv2.bound) for h in exact]
        self.flags[2] |= held != exact
        fired = [reference.filtered(self.chip.path.ttv2, threshold, h) for h in held]
        self.h = [h for h, _ in fired]
        for i, (_, pulse) in enumerate(fired):
            if pulse:
                draw = reference.cycle_normal(devices.seed, number, i)
                self.theta[i] = reference.pulse(self.rows[i], self.theta[i], pulse, devices.noise, draw)
