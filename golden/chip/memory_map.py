"""Address map of the host port, which golden, RTL, simulator and board share.

An address has 32 bits: an 8-bit region above a 24-bit index. Memories are addressed one entry at a
time, sign-extended to 32 bits; they answer while the engine is idle, registers always.
"""

from enum import IntEnum

FLAGS = ("cost", "gradient", "parameter", "fault")
"""Sticky flags, bit 0 upwards: C~, G, and theta, M, H, the average or a DAC's code saturated; an array outside was cut
off."""
FAULT = FLAGS.index("fault")
INDEX_BITS = 24
ADDRESS_BITS = 32
DATA_BITS = 32


class Region(IntEnum):
    """Upper eight bits of an address, and what the index counts; `golden.chip.memories` says which a chip has."""

    REGISTERS = 0
    """`Register`s."""
    THETA = 1
    """Parameters: words of theta, or states of the devices whose weights compute."""
    GRADIENT = 2
    """Parameters: words of G."""
    FILTER = 3
    """Words of H (`filtered`: by parameter; `tiki-taka`: in the order of `golden.blocks.tiki_taka.lines`; else
    absent, reads 0).
    """
    SAMPLES = 4
    """Codes of the sample memory, written only: sample s, code c at (s * record) * 8 + c
    with the inputs' codes first; targets start at the next multiple of 8."""
    MOMENTUM = 5
    """Parameters: words of M (with momentum; else absent, reads 0)."""
    DELAY_LINE = 6
    """C~ of the last 16 steps, that of step n at n mod 16 (with array.latency; else absent, reads 0)."""
    FAST = 7
    """Parameters: states of the fast array (`tiki-taka`; else, as all that follow, absent, reads 0)."""
    REFERENCE = 8
    """Parameters: symmetry points of the fast array."""
    MEAN = 9
    """Words of H: mean readings (with transfer.means)."""
    PAST = 10
    """Words of H: means that are subtracted (with transfer.means)."""
    CHOPPER = 11
    """Lines of the fast array: 1 where it is inverted, 2 where that changed at its last read (with choppers)."""
    CURSOR = 12
    """Line to be read next, and scans done, of each layer in turn."""
    RATES = 13
    """Settings, after reset those of the chip description, entry by entry of the schedule. `digital`: rates of the
    sections, which are layers whose rates differ (`golden.blocks.update.optimizer.Optimizer.sections`); `filtered`:
    thresholds; `tiki-taka`: rate of the pulse trains, then thresholds layer by layer. The first two are absent with
    `engine.settings = "constants"`."""
    AVERAGE = 14
    """Parameters: words of the running average (with the section average; else absent, reads 0)."""
    LINK = 15
    """`LinkRegister`s, which a board's link to its host answers; the chip itself has none, reads 0."""
    GAIN = 16
    """Parameters: gains of the DACs of an array with one rail, in 2**-15 beside 1 (with array.trim)."""
    OFFSET = 17
    """Parameters: offsets of the DACs, in their LSBs (with array.trim)."""


class LinkRegister(IntEnum):
    """Index in `Region.LINK`."""

    VERSION = 0
    """Version of the link's protocol (`golden.link.frames.VERSION`); read only."""
    CHIP_LOW = 1
    """Hash of the chip description, 64 bits, low half; read only."""
    CHIP_HIGH = 2
    """High half."""
    CLOCK_HZ = 3
    """Clocks of the engine a second; read only."""
    WATCHDOG = 4
    """The engine is stopped after so many times 2**16 clocks without a good frame; 0: never."""
    DROPPED = 5
    """Frames dropped since reset, saturates at 65535; read only."""


class Register(IntEnum):
    """Index in `Region.REGISTERS`.

    "Restorable" registers are written to resume a run; settings hold the chip description's values after
    reset, and may be set to others between runs. Values that a setting cannot take are ignored. With
    `engine.settings = "constants"` settings cannot be written, and counters that STEP tells are no registers of
    their own: written they are ignored, and read they are what STEP makes of them.
    """

    CONTROL = 0
    """Write 1 to start, 2 to stop at the earliest step possible, 4 to evaluate, 8 to calibrate the delay,
    16 to infer (with engine.inference); reads 1 while the engine runs."""
    TARGET = 1
    """The engine stops before step TARGET; or evaluates the first TARGET samples, at most those in the memory; or
    infers TARGET samples.
    Taken between runs."""
    FLAGS = 2
    """Sticky flags (`golden.state.FLAGS`); restorable."""
    CYCLES_LOW = 3
    """Clocks spent running, 48 bits, low half; read only."""
    CYCLES_HIGH = 4
    """High half, 16 bits."""
    STEP = 5
    """Steps done; restorable, as all that follow up to MEMORY_1_HIGH."""
    PATTERN = 6
    """Number of the pattern in force."""
    POSITION = 7
    """Sequential code: (PATTERN * stride) mod size; else 0."""
    TURN = 8
    """Node-by-layer: PATTERN mod layers of weights; else 0."""
    SAMPLE = 9
    """Number of the sample presented."""
    SAMPLE_INDEX = 10
    """Cyclic order: SAMPLE mod size; else 0."""
    PHASE_P = 11
    """STEP mod tau_p."""
    PHASE_X = 12
    """STEP mod tau_x."""
    PHASE_THETA = 13
    """STEP mod tau_theta."""
    PHASE_REFRESH = 14
    """Forward: STEP mod refresh; else 0."""
    LAG_PATTERN = 15
    """As PATTERN, at step max(STEP - DELAY, 0)."""
    LAG_POSITION = 16
    """As POSITION, there."""
    LAG_PHASE_P = 17
    """As PHASE_P, there."""
    LAG_PHASE_X = 18
    """As PHASE_X, there."""
    MEMORY_0_LOW = 19
    """Memory of the cost unit (`golden.blocks.measure.cost.difference`), 64 bits signed each; 0 where the mode has
    none.
    """
    MEMORY_0_HIGH = 20
    MEMORY_1_LOW = 21
    MEMORY_1_HIGH = 22
    TAU_P = 23
    """Setting, 1 .. engine.max_tau_p. The settings up to SETTLE are fields of
    `golden.blocks.control.sequencer.Sequencer`.
    """
    TAU_X = 24
    """Setting, 1 .. 2**20."""
    TAU_THETA = 25
    """Setting, 1 .. engine.max_tau_theta."""
    REFRESH = 26
    """Setting, 0 .. 2**20."""
    AVERAGE = 27
    """Setting, 0 .. 4."""
    AVERAGE_C0 = 28
    """Setting, 0 .. 4."""
    BLANKING = 29
    """Setting, 0 .. 2**20 - 1."""
    DELAY = 30
    """Setting, 0 .. 15; calibration sets it."""
    SETTLE = 31
    """Setting, 0 .. 65535."""
    DECAY = 32
    """Setting of the analog mode, 0 .. 65535: tau_hp / (tau_hp + 1) in 2**-16."""
    LEAK = 33
    """Setting of the analog mode, 1 .. 32768: 1 / (tau_theta + 1) in 2**-16."""
    COST = 34
    """C~ of the last step; read only."""
    SUM_0 = 35
    """S of rail 0, its last reading; read only."""
    SUM_1 = 36
    """S of rail 1; read only."""
    TOTAL_LOW = 37
    """Sum of S_0 over the last evaluation, low half; read only."""
    TOTAL_HIGH = 38
    """High half."""
    RIGHT = 39
    """Samples that the last evaluation found right (`Engine.evaluate`); read only."""
    PULSES = 40
    """Devices outside: 1 allows pulses, 0 after reset (`rtl.array.guard`); else reads 0."""
    SEED = 41
    """Setting: the seed of all random words. Another one makes emulated devices anew; CONTROL reads 1 meanwhile."""

    BRING_UP = 42
    """Arrays outside with engine.bring_up: 0, or 1 loopback, or 2 pattern (`golden.blocks.array.bring_up`); taken
    between runs. Else reads 0."""


SAMPLE_WORD = 8
"""Codes in one word of the sample memory, and on the line stream."""


def address(region: Region, index: int) -> int:
    """Host address of an entry."""
    return region << INDEX_BITS | index


def record_words(codes: int) -> int:
    """Words of the sample memory that hold so many codes."""
    return -(-codes // SAMPLE_WORD)


START, STOP, EVALUATE, CALIBRATE, INFER = 1, 2, 4, 8, 16
"""Values written to `Register.CONTROL`."""
