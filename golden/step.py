"""One step of multiplexed gradient descent after the other, on integers; see `golden.engine`."""

import numpy as np
from numba import njit

from .blocks.array import crossbar as crossbar_
from .blocks.array.devices import pulse_all
from .blocks.control.sequencer import correlates, pattern_number, refreshes, sample_number, updates
from .blocks.lib.fixed import i32
from .blocks.measure import cost as cost_
from .blocks.measure.delay_line import arrive
from .blocks.measure.samples import sample_index, stream
from .blocks.perturb import outer as outer_
from .blocks.perturb.codes import values as code_values
from .blocks.tiki_taka import tiki_taka as tiki_taka_
from .blocks.update import optimizer as optimizer_
from .blocks.update.average import iterate, iterates
from .blocks.update.correlator import correlate, correlate_leaky
from .blocks.update.ttv2 import transfer
from .defects import array as defects_


@njit(inline="always")
def bound(bits):
    """`fixed.limit`, compiled."""
    return (1 << (bits - 1)) - 1


@njit
def forward(shape, drop, amplitude, polarity, adc_shift, adc_bound, tables, theta, signs, lines, adc, act):
    """Run the network on both rails.

    Parameters
    ----------
    shape : int64 array, shape (layers, 3)
        Inputs (without bias), neurons, index of the first parameter, for each layer of weights.
    lines : int32 array, shape (layers, 2, widest + 1)
        Line codes of each layer and rail; layer 0 holds the sample, the others are written.
    adc, act : int32 arrays, shape (neurons, 2)
        Written.
    """
    neuron = 0
    mask = tables.shape[1] - 1
    last = shape.shape[0] - 1
    for k in range(last + 1):
        inputs, rows, first = shape[k]
        columns = inputs + 1
        x0 = lines[k, 0, :columns]
        x1 = lines[k, 1, :columns]
        for j in range(rows):
            at = first + j * columns
            w0, s0, w1, s1 = crossbar_.multiply(
                drop, theta[at : at + columns], signs[at : at + columns], x0, x1, k == 0
            )
            a0 = crossbar_.convert(adc_shift, adc_bound, i32(w0 + amplitude * s0))
            a1 = crossbar_.convert(adc_shift, adc_bound, i32(w1 + polarity * amplitude * s1))
            adc[neuron, 0] = a0
            adc[neuron, 1] = a1
            act[neuron, 0] = tables[k, a0 & mask]
            act[neuron, 1] = tables[k, a1 & mask]
            if k < last:
                lines[k + 1, 0, j] = act[neuron, 0]
                lines[k + 1, 1, j] = act[neuron, 1]
            neuron += 1


@njit
def measure(function, act, targets):
    """S of both rails from the last neurons' outputs."""
    s0 = i32(0)
    s1 = i32(0)
    first = act.shape[0] - targets.size
    for j in range(targets.size):
        s0 = i32(s0 + cost_.error(function, act[first + j, 0], targets[j]))
        s1 = i32(s1 + cost_.error(function, act[first + j, 1], targets[j]))
    return np.int64(s0), np.int64(s1)


@njit
def expand(method, pattern, shape, places, code, lines, out):
    """Perturbations, or with `lines` what the cost is correlated with, from the values of neurons and lines.

    Parameters
    ----------
    code : int32 array
        Values of all neurons, and for RANK_ONE of all lines behind them.
    lines : int32 array, shape (lines,)
        1 on bias lines and 0 on others for perturbations, line codes for the correlator; not used by RANK_ONE.
    """
    neurons = 0
    for k in range(shape.shape[0]):
        neurons += shape[k, 1]
    if method == outer_.RANK_ONE:
        outer_.outer(places, code[:neurons], code[neurons:], out)
    else:
        if method == outer_.LAYER:
            outer_.only_layer(pattern % shape.shape[0], shape, code)
        outer_.outer(places, code[:neurons], lines, out)


@njit
def gather(shape, lines, out):
    """Line codes of rail 1, all layers one behind the other."""
    at = 0
    for k in range(shape.shape[0]):
        columns = shape[k, 0] + 1
        out[at : at + columns] = lines[k, 1, :columns]
        at += columns


@njit
def learn(plain, correlator, optimizer, ttv2, filtered, starts, rates, device_seed, device_noise, devices,
          shape, now, theta, g, h, m, pulses):  # fmt: skip
    """Update the parameters (`digital`), or filter and pulse (`filtered`); returns whether a word saturated."""
    row = rates[optimizer_.scheduled(starts, now)]
    over = False
    if filtered:
        over = transfer(i32(bound(ttv2.bits)), ttv2.reset, ttv2.keep_shift, row[0], g, h, pulses)
        pulse_all(device_seed, device_noise, now, pulses, devices, theta)
        return over
    for k in range(shape.shape[0]):
        inputs, rows, first = shape[k]
        end = first + (inputs + 1) * rows
        if plain:
            over |= optimizer_.update(
                i32(bound(optimizer.bits)), optimizer.shift, row[k], g[first:end], theta[first:end]
            )
        else:
            over |= optimizer_.update_with(
                bound(optimizer.bits), optimizer.shift, row[k], optimizer.momentum, optimizer.stochastic,
                optimizer.seed, now, first, g[first:end], m[first:end], theta[first:end],
            )  # fmt: skip
            if not correlator.leaky:
                g[first:end] = 0
    return over


@njit
def run(
    sequencer, samples, crossbar, polarity, cost, correlator, plain, optimizer, ttv2, filtered, starts, rates,
    device_seed, device_noise, devices, plan, reference_plan, quarter, method, places, shape, tables,
    inputs, targets, lines, theta, g, h, m, memory, pending, step, steps, code_scratch, adc, act, trace,
    hardware, loop, extraction,
):  # fmt: skip
    """Do `steps` steps in place and return the flags raised; `trace` rows are filled if there are any.

    `hardware` is None or `hardware.Hardware`, `loop` None or `tiki_taka.Arrays`, `extraction` None or
    configuration, shift, start and memory of the average: Numba drops the branches that do not go with their types.
    """
    trace_sample, trace_adc, trace_act, trace_sums, trace_cost = trace
    high, low, code = code_scratch
    own = method == 0 and sequencer.delay == 0 and plan == reference_plan
    signs = code[: theta.size] if method == 0 else np.zeros(theta.size, np.int32)
    factors = signs if own else np.zeros(theta.size, np.int32)
    later = code if own else np.zeros_like(code)
    line_values = np.zeros(places[-1, 1] + 1, np.int32)
    bias = np.zeros_like(line_values)
    at = -1
    for k in range(shape.shape[0]):
        at += shape[k, 0] + 1
        bias[at] = 1
    pulses = np.zeros(theta.size, np.int32)
    vector = np.zeros(loop.pulses.rows + loop.pulses.lines if loop is not None else 0, np.int32)
    sample_key = stream(samples.seed)
    at_pattern = -1
    at_reference = -1
    at_sample = -1
    index = 0
    flags = 0
    for now in range(step, step + steps):
        pattern = pattern_number(sequencer.tau_p, now)
        if pattern != at_pattern:
            code_values(plan, quarter, pattern, high, low, code)
            if method:
                expand(method, pattern, shape, places, code, bias, signs)
            at_pattern = pattern
        number = sample_number(sequencer.tau_x, now)
        if number != at_sample:
            index = sample_index(samples.order, samples.size, sample_key, number)
            for c in range(inputs.shape[1]):
                lines[0, 0, c] = inputs[index, c]
                lines[0, 1, c] = inputs[index, c]
            at_sample = number
        if hardware is None:
            forward(
                shape, crossbar.state_bits - crossbar.weight_bits, i32(crossbar.amplitude), i32(polarity),
                crossbar.adc_shift, i32(bound(crossbar.adc_bits)), tables, theta, signs, lines, adc, act,
            )  # fmt: skip
        else:
            defects_.forward(
                hardware, shape, crossbar.state_bits - crossbar.weight_bits, crossbar.amplitude, polarity,
                crossbar.adc_shift, bound(crossbar.adc_bits), theta, signs, lines, adc, act,
            )  # fmt: skip
        s0, s1 = measure(cost.function, act, targets[index])
        average_1 = sequencer.average_c0 if cost.mode == cost_.FORWARD else sequencer.average
        refresh = refreshes(sequencer.refresh, sequencer.tau_x, sequencer.tau_theta, now)
        total0, total1 = s0 << sequencer.average, s1 << average_1
        if hardware is not None:
            total0, total1 = defects_.read(
                hardware, cost.mode, sequencer.average, average_1, now, refresh, s0, s1, memory
            )
        raw = cost_.difference(
            cost.mode, cost.decay, sequencer.average, average_1, total0, total1, refresh,
            now % sequencer.tau_x == 0, memory,
        )  # fmt: skip
        c = min(max(raw, -bound(cost.bits)), bound(cost.bits))
        flags |= raw != c
        late = arrive(pending, now, c)
        used = correlates(sequencer.delay, sequencer.tau_x, sequencer.blanking, now)
        if not used:
            late = 0
        elif loop is None and not own:
            reference = pattern_number(sequencer.tau_p, now - sequencer.delay)
            fresh = reference != at_reference
            if fresh:
                code_values(reference_plan, quarter, reference, high, low, later)
                at_reference = reference
            if method > outer_.RANK_ONE:
                gather(shape, lines, line_values)  # they change at every step
                expand(method, reference, shape, places, later, line_values, factors)
            elif fresh and method:
                expand(method, reference, shape, places, later, bias, factors)
            elif fresh:
                factors[:] = later[: factors.size]
        if loop is not None:
            if used:
                vector[:] = code[: vector.size]
                if method > outer_.RANK_ONE:
                    gather(shape, lines, line_values)
                    vector[vector.size - line_values.size :] = line_values
                tiki_taka_.collect(loop, shape, late, vector, now)
            if updates(sequencer.tau_theta, now):
                flags |= tiki_taka_.move(loop, shape, starts, rates, sequencer.tau_theta, theta, now) << 2
                if hardware is not None:
                    flags |= defects_.disturb(hardware, now, theta) << 2
        elif correlator.leaky:
            flags |= correlate_leaky(bound(correlator.bits), correlator.leak, late, factors, g) << 1
        else:
            flags |= correlate(bound(correlator.bits), late, factors, g) << 1
        if loop is None and (correlator.leaky or updates(sequencer.tau_theta, now)):
            flags |= learn(
                plain, correlator, optimizer, ttv2, filtered, starts, rates, device_seed, device_noise, devices,
                shape, now, theta, g, h, m, pulses,
            ) << 2  # fmt: skip
            if hardware is not None:
                flags |= defects_.disturb(hardware, now, theta) << 2
        if extraction is not None and (correlator.leaky or updates(sequencer.tau_theta, now)):
            average, shift, start, mean = extraction
            period = 1 if correlator.leaky else sequencer.tau_theta
            use, first = iterates(average, shift, start, period, now)
            if use:
                drop = crossbar.state_bits - crossbar.weight_bits
                flags |= iterate(average, shift, first, theta >> drop, mean) << 2
        row = now - step
        if row < trace_cost.size:
            trace_sample[row] = index
            trace_adc[row] = adc
            trace_act[row] = act
            trace_sums[row, 0] = s0
            trace_sums[row, 1] = s1
            trace_cost[row] = c
    if correlator.replay:
        g[:] = 0
    return flags
