"""Devices as aihwkit presets them, under its names; the figures are those of the cited measurements' fits."""

from .linear import LinearStep, SoftBoundsReference
from .nonlinear import ExpStep
from .one_sided import OneSided
from .pulsed import ConstantStep

GokmenVlasov = ConstantStep(dw_min=0.0016, w_max=1.0, w_min=-1.0)
"""Gokmen & Vlasov, Front. Neurosci. 2016, scaled to bounds of +-1: 1250 states, 30 % spreads, asymmetry 1 %."""

Idealized = ConstantStep(dw_min=0.0002, up_down_dtod=0.0, w_max=1.0, w_min=-1.0)
"""10,000 states, symmetric (Rasch, Gokmen & Haensch, IEEE Design & Test 2019)."""

ReRamES = ExpStep(
    dw_min=0.00135,
    up_down=0.259359,
    w_max=1.0,
    w_min=-1.0,
    a=-0.5,
    b=-0.5,
    gamma_up=5.0,
    gamma_down=5.0,
    A_up=-1.18445,
    A_down=-0.081404,
    dw_min_dtod=0.2,
    up_down_dtod=0.05,
    dw_min_std=5.0,
    write_noise_std=75.0,
)
"""RRAM of Gong et al., Nat. Commun. 2018, exponential step."""

ReRamSB = SoftBoundsReference(
    dw_min=0.002,
    w_max=1.25,
    w_min=-0.75,
    w_max_dtod=0.3 / 1.25,
    w_min_dtod=0.3 / 0.75,
    dw_min_std=3.75,
    write_noise_std=56.0,
)
"""The same RRAM, loosely, with soft bounds; taken as calibrated to its symmetry point."""

ReRamArrayOM = SoftBoundsReference(
    dw_min=0.0949,
    dw_min_dtod=0.7829,
    dw_min_dtod_log_normal=True,
    dw_min_std=0.4158,
    w_max=1.0,
    w_min=-1.0,
    w_max_dtod=0.3499,
    w_min_dtod=0.5695,
    write_noise_std=1.4113,
    corrupt_devices_range=0.01,
    subtract_symmetry_point=True,
    reference_std=0.05,
)
"""Array of optimised-material ReRAM, Gong, Rasch et al., IEDM 2022; 13.5 % of its devices were corrupt, here none."""

ReRamArrayHfO2 = SoftBoundsReference(
    dw_min=0.4622,
    dw_min_dtod=0.7125,
    dw_min_dtod_log_normal=True,
    dw_min_std=0.2174,
    w_max=1.0,
    w_min=-1.0,
    w_max_dtod=0.4295,
    w_min_dtod=0.5990,
    write_noise_std=0.5841,
    corrupt_devices_range=0.01,
    subtract_symmetry_point=True,
    reference_std=0.05,
)
"""Array of baseline HfO2 ReRAM of the same paper; 10 % of its devices were corrupt, here none."""

Capacitor = LinearStep(
    dw_min=0.005,
    w_max=1.0,
    w_min=-1.0,
    mult_noise=False,
    gamma_up=0.05,
    gamma_down=0.05,
    gamma_up_dtod=0.01,
    gamma_down_dtod=0.01,
    dw_min_dtod=0.1,
    up_down_dtod=0.06,
    w_max_dtod=0.07,
    w_min_dtod=0.07,
    lifetime=1e6,
    lifetime_dtod=0.3,
)
"""Capacitor of Li et al., VLSI 2018; its leakage is one `Ageing.decay` a batch, so lifetime is the user's to adapt."""

EcRam = LinearStep(
    dw_min=0.002,
    w_max=1.1724,
    w_min=-0.8276,
    gamma_up=0.1153,
    gamma_down=0.5085,
    dw_min_dtod=0.1,
    w_max_dtod=0.05,
    w_min_dtod=0.05,
)
"""Lithium ECRAM of Tang et al., IEDM 2018, its range shifted so that the symmetry point is zero."""

EcRamMO = LinearStep(
    dw_min=2.8214e-4,
    w_max=1.1714,
    w_min=-0.8286,
    gamma_up=0.4152,
    gamma_down=0.7342,
    dw_min_dtod=0.1,
    dw_min_std=2.0,
    w_max_dtod=0.05,
    w_min_dtod=0.05,
)
"""Metal-oxide ECRAM of Kim et al., IEDM 2019."""

PCM = ExpStep(
    dw_min=0.01,
    w_max=2.0,
    w_min=0.0,
    a=-1.0,
    b=0.0,
    gamma_up=2.5,
    gamma_down=2.5,
    A_up=-27.235,
    A_down=-2.235,
    dw_min_dtod=0.2,
    up_down_dtod=0.05,
    w_max_dtod=0.1,
    w_min_dtod=0.0,
    dw_min_std=0.6,
    dw_min_std_add=0.042,
    dw_min_std_slope=0.108,
    reset=0.01,
    reset_dtod=0.02,
)
"""Phase-change memory of Nandakumar et al., Front. Neurosci. 2020; unipolar, so only of use in a pair."""

PCMPair = OneSided(device=PCM, refresh_every=1)
"""aihwkit's PCMPresetUnitCell: two of these, checked for refresh at every update."""
