"""Combinations of keys on what is perturbed, measured and updated that a chip file must not ask for."""

from typing import TYPE_CHECKING

from .paths import PATHS
from .rules import count, either, require, show, unused

if TYPE_CHECKING:
    from .config import ChipConfig


def check_learning(chip: "ChipConfig") -> None:
    """Raise `config_errors.Conflict` for the first combination that is not allowed."""
    _perturbation(chip)
    _code(chip)
    _cost(chip)
    _update(chip)


def _perturbation(chip: "ChipConfig") -> None:
    tau_p, tau_x, tau_theta = (getattr(chip.perturbation, tau) for tau in ("tau_p", "tau_x", "tau_theta"))
    require(
        tau_x % tau_p == 0 or tau_p % tau_x == 0,
        "perturbation.tau_x",
        f"{tau_x} makes samples change within a pattern of tau_p = {tau_p} steps; "
        f"allowed are multiples and divisors of {tau_p}",
    )
    require(
        tau_theta % tau_p == 0 or chip.cost.mode == "analog",
        "perturbation.tau_theta",
        f"{tau_theta} is not a multiple of tau_p; allowed are multiples of {tau_p}",
    )
    amplitude, full = chip.perturbation.amplitude, chip.weights.range
    step = full / 2 ** (chip.weights.dac_bits - 1)
    require(
        step <= amplitude < full,
        "perturbation.amplitude",
        f"{show(amplitude)} is not between one step of the weights' DAC and weights.range; "
        f"allowed are numbers from {step:g} to below {full:g}",
    )


def _code(chip: "ChipConfig") -> None:
    given, code, method = chip.perturbation, chip.perturbation.code, chip.perturbation.method
    for key in ("frequency", "phase", "lag"):
        unused(chip, "perturbation", key, code == "sinusoidal", "code", '"sinusoidal"')
    for key in ("phase", "lag"):
        value = getattr(given, key)
        require(
            value < 1,
            f"perturbation.{key}",
            f"{show(value)} is a whole turn; allowed are numbers from 0 to below 1",
        )
    require(
        method == "weight" or code != "rank-one",
        "perturbation.code",
        f'"rank-one" has no use with method = {show(method)}; it is allowed with method = "weight"',
    )
    require(
        method != "node-by-layer" or code == "random",
        "perturbation.code",
        f'{show(code)} does not go with method = "node-by-layer"; allowed is "random"',
    )
    if code == "sinusoidal":
        first, spacing = given.frequency
        highest = first + (chip.perturbed - 1) * spacing
        require(
            highest < 2**20,
            "perturbation.frequency",
            f"{show(given.frequency)} makes {highest} cycles of the last of {chip.perturbed} sines; "
            f"allowed are lists whose last sine has fewer than {2**20}",
        )
        full, largest = chip.weights.range, chip.weights.range / 2**0.5
        require(
            given.amplitude < largest,
            "perturbation.amplitude",
            f"{show(given.amplitude)} makes sines that reach beyond weights.range = {full:g}; "
            f"allowed are numbers to below {largest:g}",
        )


def _cost(chip: "ChipConfig") -> None:
    mode, taus = chip.cost.mode, chip.perturbation
    for key in ("refresh", "average_c0"):
        unused(chip, "cost", key, mode == "forward", "mode", '"forward"')
    unused(chip, "cost", "tau_hp", mode == "analog", "mode", '"analog"')
    require(
        taus.blanking < taus.tau_x,
        "perturbation.blanking",
        f"{taus.blanking} leaves nothing of a sample of tau_x = {taus.tau_x} steps; "
        f"allowed are integers from 0 to {taus.tau_x - 1}",
    )
    if mode == "analog":
        require(
            taus.tau_x >= 4 * taus.tau_p,
            "perturbation.tau_x",
            f'{taus.tau_x} is less than four patterns of tau_p = {taus.tau_p}, and mode = "analog" loses the '
            f"first step of a sample; allowed are multiples of {taus.tau_p} from {4 * taus.tau_p}",
        )
        require(
            chip.largest[1] <= 32766,
            "perturbation.tau_theta",
            f'{chip.largest[1]} is too slow a leak of G with mode = "analog"; allowed are integers from 1 to 32766',
        )
        require(
            not PATHS[chip.update.path].pulsed,
            "cost.mode",
            '"analog" updates after each step, which pulses do not; it is allowed with update.path = '
            + either([name for name, path in PATHS.items() if not path.pulsed]),
        )


def _update(chip: "ChipConfig") -> None:
    update = chip.update
    for key in dict.fromkeys(key for path in PATHS.values() for key in path.keys):
        useful = [name for name, path in PATHS.items() if key in path.keys]
        unused(chip, "update", key, update.path in useful, "path", either(useful))
    layers = len(chip.groups)
    require(
        len(update.layers) in (0, layers),
        "update.layers",
        f"{show(update.layers)} has {count(len(update.layers), 'entry', 'entries')}; "
        f"allowed are lists of {layers}, one for each "
        + ("layer of weights" if chip.network else "group of parameters"),
    )
    require(
        update.reset == "keep" or "keep_shift" not in update.model_fields_set,
        "update.keep_shift",
        f"{update.keep_shift} has no use with reset = {show(update.reset)}; "
        'it is allowed with reset = "keep"',
    )
    for i, (step, eta) in enumerate(update.schedule):
        before = update.schedule[i - 1][0] if i else 0
        require(
            step > before,
            f"update.schedule[{i}][0]",
            f"{step} does not come after step {before}; allowed are integers above {before}",
        )
        low, high = update.eta / 128, update.eta * 8
        require(
            low <= eta <= high,
            f"update.schedule[{i}][1]",
            f"{show(eta)} is too far from update.eta = {show(update.eta)}; "
            f"allowed are numbers from {low:g} to {high:g}",
        )
    _sections(chip)
    PATHS[update.path].check(chip)


def _sections(chip: "ChipConfig") -> None:
    """Sections that the update path needs, or has no use for."""
    path = chip.update.path
    for section in dict.fromkeys(section for other in PATHS.values() for section in other.sections):
        useful = [name for name, other in PATHS.items() if section in other.sections]
        require(
            path in useful or section not in chip.model_fields_set or getattr(chip, section) is None,
            section,
            f"the section has no use with update.path = {show(path)}; "
            f"it is allowed with update.path = {either(useful)}",
        )
        require(
            path not in useful or getattr(chip, section) is not None,
            section,
            f"missing section; update.path = {show(path)} needs it, and an empty one takes all defaults",
        )
