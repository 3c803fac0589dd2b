"""A 20-state cell-therapy model for tests and benchmarks of the solver. All numbers are made up.

Mildly stiff: cytokines turn over in an hour, cells in weeks. Three infusions and one pulse of a
drug that switches the cells off.
"""

from __future__ import annotations

import numpy as np

from carnk.solver import Doses, Model, exp, log

INITIAL = {
    "Nb": 0.0,
    "Nba": 0.0,
    "Nt": 0.0,
    "Nta": 0.0,
    "Nx": 0.0,
    "Nxa": 0.0,
    "L": 2000.0,
    "Tn": 5.0,
    "Te": 0.01,
    "Cp": 5.0e4,
    "Cn": 5.0,
    "B": 1000.0,
    "I15": 40.0,
    "I6": 5.0,
    "IFN": 1.0,
    "TNF": 1.0,
    "M": 2000.0,
    "Ma": 1.0,
    "CRP": 5.0,
    "D": 0.0,
}
PARAMETERS = {
    "dose": 700.0,
    "f_via": 0.6,
    "k_bt": 3.0,
    "k_tb": 0.6,
    "k_bx": 0.4,
    "k_xb": 0.15,
    "d_N": 0.25,
    "d_A": 0.35,
    "s_15": 0.7,
    "K_s15": 20.0,
    "p_N": 0.35,
    "p_A": 0.65,
    "K_p15": 35.0,
    "h_15": 1.6,
    "Nmax": 40000.0,
    "k_act": 1.2,
    "K_actB": 3000.0,
    "K_actX": 2000.0,
    "k_de": 0.25,
    "k_exh": 0.05,
    "fB": 0.05,
    "fT": 0.35,
    "fX": 0.6,
    "r_L": 0.12,
    "Lmax": 100000.0,
    "s_L": 60.0,
    "r_Tn": 0.08,
    "Tnmax": 400.0,
    "k_pr": 0.05,
    "K_pr": 300.0,
    "m_T": 8.0,
    "p_T": 0.35,
    "K_pT": 200.0,
    "d_T": 0.1,
    "s_T": 0.002,
    "x_1": 1e-06,
    "k_rej": 0.02,
    "K_rej": 800.0,
    "hla": 0.7,
    "g_C": 0.035,
    "Cmax": 1000000.0,
    "mu_C": 1e-06,
    "kk_car": 1.6,
    "kk_inn": 0.35,
    "K_k": 800.0,
    "phi": 1.5,
    "e_ifn": 0.6,
    "K_ifn": 40.0,
    "s_B": 40.0,
    "d_B": 0.02,
    "kB": 1.0,
    "K_kB": 500.0,
    "p_15": 120.0,
    "q_15": 0.02,
    "k_15": 1.2,
    "u_15": 0.001,
    "u_15N": 0.0012,
    "K_u15": 25.0,
    "b_6": 80.0,
    "p_6": 1.2,
    "e_6": 1.5,
    "K_6tnf": 20.0,
    "k_6": 16.6,
    "b_G": 4.0,
    "p_G": 0.12,
    "k_G": 4.2,
    "b_T": 30.0,
    "p_TN": 0.05,
    "p_TM": 0.35,
    "k_T": 33.3,
    "s_M": 400.0,
    "d_M": 0.2,
    "k_M": 1.5,
    "K_MG": 60.0,
    "K_MT": 30.0,
    "h_M": 1.8,
    "d_Ma": 0.5,
    "p_R": 60.0,
    "K_R": 60.0,
    "h_R": 1.3,
    "k_R": 0.9,
    "b_R": 2.5,
    "Ddose": 10.0,
    "k_D": 3.5,
    "k_sw": 12.0,
    "K_D": 1.0,
    "h_D": 1.5,
}


def saturate(x, half):
    return x / (half + x)


def hill(x, half, n):
    return 1 / (1 + exp(n * (log(half) - log(x))))


def alive(x, floor):
    return x * x / (x * x + floor * floor)


def cells(y):
    return y.Nb + y.Nba + y.Nt + y.Nta + y.Nx + y.Nxa


def active(y):
    return y.Nba + y.Nta + y.Nxa


def boost(y, p):
    return 1 + p.e_ifn * saturate(y.IFN, p.K_ifn)


def effectors(y):
    return y.Nba + 0.1 * y.Nb, y.Nta + 0.1 * y.Nt, y.Nxa + 0.1 * y.Nx


def priming(y, p):
    return p.hla * p.k_pr * y.Tn * saturate(cells(y), p.K_pr)


def trafficking(y, p):
    out = p.k_bt + p.k_bx
    return {
        "Nb": p.k_tb * y.Nt + p.k_xb * y.Nx - out * y.Nb,
        "Nba": p.k_tb * y.Nta + p.k_xb * y.Nxa - out * y.Nba,
        "Nt": p.k_bt * y.Nb - p.k_tb * y.Nt,
        "Nta": p.k_bt * y.Nba - p.k_tb * y.Nta,
        "Nx": p.k_bx * y.Nb - p.k_xb * y.Nx,
        "Nxa": p.k_bx * y.Nba - p.k_xb * y.Nxa,
    }


def activation(y, p):
    b = y.Nb * p.k_act * saturate(p.fB * y.Cp + y.B, p.K_actB) - p.k_de * y.Nba
    t = y.Nt * p.k_act * saturate(p.fT * y.Cp + y.B, p.K_actB) - p.k_de * y.Nta
    x = y.Nx * p.k_act * saturate(p.fX * y.Cp, p.K_actX) - p.k_de * y.Nxa
    return {"Nb": -b, "Nba": b, "Nt": -t, "Nta": t, "Nx": -x, "Nxa": x}


def proliferation(y, p):
    n = cells(y)
    room = (1 - (n + y.L) / (p.Nmax + p.Lmax)) * alive(n, p.x_1) * hill(y.I15, p.K_p15, p.h_15)
    rest, act = p.p_N * room, p.p_A * room
    return {
        "Nb": rest * y.Nb,
        "Nba": act * y.Nba,
        "Nt": rest * y.Nt,
        "Nta": act * y.Nta,
        "Nx": 0.5 * rest * y.Nx,
        "Nxa": 0.5 * act * y.Nxa,
    }


def loss(y, p):
    switch = p.k_sw * hill(y.D * y.D + 1e-18, p.K_D * p.K_D, 0.5 * p.h_D)
    killed = switch + p.hla * p.k_rej * y.Te / (p.K_rej + cells(y))
    survival = 1 - p.s_15 * saturate(y.I15, p.K_s15)
    rest, act = p.d_N * survival + killed, p.d_A * survival + killed + p.k_exh
    return {
        "Nb": -rest * y.Nb,
        "Nba": -act * y.Nba,
        "Nt": -rest * y.Nt,
        "Nta": -act * y.Nta,
        "Nx": -rest * y.Nx,
        "Nxa": -act * y.Nxa,
    }


def host(y, p):
    n, prime = cells(y), priming(y, p)
    return {
        "L": p.s_L + p.r_L * y.L * (1 - y.L / p.Lmax),
        "Tn": p.r_Tn * y.Tn * (1 - y.Tn / p.Tnmax) - prime,
        "Te": p.s_T
        + p.m_T * prime
        + p.p_T * y.Te * saturate(n, p.K_pT) * (1 - y.Te / p.Lmax)
        - p.d_T * y.Te,
    }


def tumor_growth(y, p):
    room = p.g_C * (1 - (y.Cp + y.Cn) / p.Cmax)
    return {
        "Cp": room * y.Cp * alive(y.Cp, p.x_1) - p.mu_C * y.Cp,
        "Cn": room * y.Cn * alive(y.Cn, p.x_1) + p.mu_C * y.Cp,
    }


def tumor_killing(y, p):
    hits = sum(
        e * f / (p.K_k + f * (y.Cp + y.Cn) + p.phi * e)
        for e, f in zip(effectors(y), (p.fB, p.fT, p.fX))
    ) * boost(y, p)
    return {"Cp": -(p.kk_car + p.kk_inn) * y.Cp * hits, "Cn": -p.kk_inn * y.Cn * hits}


def b_cells(y, p):
    eb, et, _ = effectors(y)
    return {"B": p.s_B - p.d_B * y.B - p.kB * y.B * (eb + et) / (p.K_kB + y.B + eb + et)}


def cytokines(y, p):
    return {
        "I15": p.p_15
        + p.q_15 * active(y)
        - p.k_15 * y.I15
        - (p.u_15 * y.L + p.u_15N * cells(y)) * saturate(y.I15, p.K_u15),
        "I6": p.b_6 + p.p_6 * y.Ma * (1 + p.e_6 * saturate(y.TNF, p.K_6tnf)) - p.k_6 * y.I6,
        "IFN": p.b_G + p.p_G * active(y) * boost(y, p) - p.k_G * y.IFN,
        "TNF": p.b_T + p.p_TN * active(y) + p.p_TM * y.Ma - p.k_T * y.TNF,
    }


def macrophages(y, p):
    turn = p.k_M * y.M * (saturate(y.IFN, p.K_MG) + hill(y.TNF, p.K_MT, p.h_M))
    return {"M": p.s_M - p.d_M * y.M - turn, "Ma": turn - p.d_Ma * y.Ma}


def crp_and_drug(y, p):
    return {"CRP": p.b_R + p.p_R * hill(y.I6, p.K_R, p.h_R) - p.k_R * y.CRP, "D": -p.k_D * y.D}


MECHANISMS = (
    trafficking,
    activation,
    proliferation,
    loss,
    host,
    tumor_growth,
    tumor_killing,
    b_cells,
    cytokines,
    macrophages,
    crp_and_drug,
)


MODEL = Model(
    states=tuple(INITIAL),
    parameters=tuple(PARAMETERS),
    mechanisms=MECHANISMS,
    positive=tuple(INITIAL),
)
TIMES = np.linspace(0.0, 365.0, 78)


def population(patients: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, Doses]:
    """Parameters, initial amounts and doses of patients who vary by 20 % in every parameter.

    Cells on days 0, 7 and 14, the drug on a day between 20 and 60.
    """
    draws = np.random.default_rng(seed)
    typical = np.array(list(PARAMETERS.values()))
    parameters = typical * np.exp(0.2 * draws.standard_normal((patients, len(typical))))
    initial = np.tile(list(INITIAL.values()), (patients, 1))
    place = {name: i for i, name in enumerate(PARAMETERS)}
    cells = parameters[:, place["dose"]] * parameters[:, place["f_via"]]
    days = np.tile([0.0, 7.0, 14.0, 0.0], (patients, 1))
    days[:, 3] = draws.uniform(20.0, 60.0, patients)
    amounts = np.stack([cells, cells, cells, parameters[:, place["Ddose"]]], axis=1)
    names = list(INITIAL)
    into = np.array([names.index(n) for n in ("Nb", "Nb", "Nb", "D")])
    return parameters, initial, Doses(days, into, amounts)
