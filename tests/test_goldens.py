"""Numbers that other projects publish in their tests and books, met by ours.

Each case says where its numbers are from. Most of them were printed from float32, so the tolerance
is theirs: what their last digit is worth.
"""

import math

import numpy as np
import pytest

import simopt
from simopt.training.stepper import Stepper

ONES = np.ones(5)


def moved(optimizer, start, gradient, updates):
    """Weights after every update; ``gradient`` takes the weights and the update, from 0."""
    stepper, seen = Stepper(optimizer, start), []
    for t in range(updates):
        stepper.step(np.asarray(gradient(np.array(stepper.weights), t), float))
        seen.append(list(stepper.weights))
    return np.array(seen)


# --- dfdx: dfdx/src/nn/optim/{adam,rmsprop,sgd}.rs, five weights, every step printed -------------

DFDX_ADAM = {
    # test_default_adam_params: gradients so small that epsilon shows.
    "default": (
        {},
        [1e-6, 1e-5, 1e-4, 1e-3, 1e-2],
        [
            [0.99999994, 0.999996, 0.9997143, 0.9990244, 0.99900025],
            [0.9999999, 0.999992, 0.99942863, 0.99804884, 0.9980005],
            [0.9999998, 0.999988, 0.999143, 0.9970733, 0.9970008],
            [0.99999976, 0.999984, 0.9988574, 0.99609786, 0.9960012],
            [0.9999997, 0.99998003, 0.9985718, 0.9951225, 0.9950017],
            [0.99999964, 0.99997604, 0.99828625, 0.99414724, 0.9940022],
            [0.9999996, 0.99997205, 0.99800074, 0.9931721, 0.9930029],
            [0.9999995, 0.99996805, 0.9977153, 0.9921971, 0.9920037],
            [0.99999946, 0.99996406, 0.99742985, 0.99122226, 0.99100465],
            [0.9999994, 0.99996006, 0.99714446, 0.99024755, 0.99000573],
        ],
    ),
    # test_custom_adam_one_params
    "betas": (
        {"beta1": 0.5, "beta2": 0.25},
        [1e-4, 1e-3, 1e-2, 1e-1, 1.0],
        [
            [0.9997143, 0.9990244, 0.99900025, 0.999, 0.999],
            [0.99942863, 0.99804866, 0.9980004, 0.9979999, 0.9979999],
            [0.999143, 0.9970728, 0.99700034, 0.9969996, 0.9969996],
            [0.99885744, 0.99609685, 0.9960002, 0.9959992, 0.9959992],
            [0.9985719, 0.9951208, 0.9949999, 0.9949987, 0.9949987],
            [0.99828637, 0.9941448, 0.99399954, 0.9939981, 0.9939981],
            [0.9980009, 0.9931687, 0.9929992, 0.9929975, 0.99299747],
            [0.99771553, 0.9921926, 0.9919988, 0.9919969, 0.9919968],
            [0.9974302, 0.9912166, 0.9909984, 0.99099624, 0.9909962],
            [0.99714494, 0.9902406, 0.989998, 0.9899956, 0.98999554],
        ],
    ),
}


@pytest.mark.parametrize("case", DFDX_ADAM)
def test_dfdx_adam(case):
    given, rate, expected = DFDX_ADAM[case]
    slope = 2 * np.square(rate) / 5
    adam = simopt.Adam(eta=1e-3, convention="torch", **given)
    ours = moved(adam, ONES, lambda w, t: slope * w, 10)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)


DFDX_ADAM_DECAY = {
    # test_adam_l2_decay
    "coupled": [
        [-0.499, -0.249, 0.099, 0.59900004, 0.999],
        [-0.49799952, -0.24797276, 0.09799955, 0.5979998, 0.9979998],
        [-0.49699846, -0.24689871, 0.09699859, 0.5969993, 0.99699926],
        [-0.49599692, -0.24575013, 0.095997185, 0.5959985, 0.99599856],
        [-0.49499503, -0.24448763, 0.094995454, 0.5949976, 0.9949977],
        [-0.4939929, -0.24382699, 0.09399351, 0.59399647, 0.9939967],
        [-0.49299058, -0.24413459, 0.09299142, 0.5929953, 0.9929956],
        [-0.49198818, -0.24478404, 0.09198925, 0.59199405, 0.9919945],
        [-0.49098572, -0.24561276, 0.09098703, 0.5909928, 0.9909934],
        [-0.48998323, -0.24548599, 0.08998477, 0.58999157, 0.9899922],
    ],
    # test_adam_decoupled_decay
    "decoupled": [
        [-0.5005, -0.25075, 0.098900005, 0.5984, 0.998],
        [-0.5009996, -0.25149944, 0.09780081, 0.59680116, 0.9960015],
        [-0.50149894, -0.25224838, 0.09670238, 0.59520346, 0.9940043],
        [-0.5019978, -0.25299674, 0.09560476, 0.59360695, 0.9920086],
        [-0.50249636, -0.2537445, 0.09450804, 0.5920117, 0.99001455],
        [-0.5029944, -0.25449163, 0.09341227, 0.59041786, 0.98802227],
        [-0.50349206, -0.25523806, 0.092317514, 0.58882546, 0.9860318],
        [-0.5039892, -0.25598377, 0.0912238, 0.5872346, 0.9840432],
        [-0.5044859, -0.25672877, 0.09013115, 0.5856453, 0.98205656],
        [-0.50498205, -0.25747302, 0.08903958, 0.58405757, 0.9800719],
    ],
}


@pytest.mark.parametrize("decay", DFDX_ADAM_DECAY)
def test_dfdx_adam_with_weight_decay(decay):
    adam = simopt.Adam(
        eta=1e-3, beta1=0.5, beta2=0.25, weight_decay=1.0, decay=decay, convention="torch"
    )
    start = [-0.5, -0.25, 0.1, 0.6, 1.0]
    ours = moved(adam, start, lambda w, t: 2 * np.exp(2 * w) / 5, 10)
    np.testing.assert_allclose(ours, DFDX_ADAM_DECAY[decay], rtol=0, atol=3e-6)


# The mean of squares starts at 1, epsilon is inside, the rate multiplies the buffer.
DFDX_RMSPROP = {
    # test_rmsprop_default
    "default": (
        {},
        [
            [0.9997892, 0.98245883, 0.9703907, 0.9683808, 0.96837723],
            [0.99956703, 0.96670717, 0.9485176, 0.9457928, 0.945788],
            [0.9993329, 0.9521923, 0.9301649, 0.9270585, 0.9270531],
            [0.9990862, 0.9385879, 0.9138966, 0.9105493, 0.91054344],
            [0.9988262, 0.9256831, 0.8990271, 0.8955128, 0.8955067],
        ],
    ),
    # test_rmsprop_momentum
    "momentum": (
        {"momentum": 0.9},
        [
            [0.9997892, 0.98245883, 0.9703907, 0.9683808, 0.96837723],
            [0.9993773, 0.9509201, 0.9218692, 0.9173355, 0.9173275],
            [0.9987725, 0.9082085, 0.86019397, 0.8530321, 0.8530196],
            [0.9979816, 0.8566451, 0.78923434, 0.7795164, 0.7794995],
            [0.9970101, 0.798177, 0.71185935, 0.69974965, 0.6997286],
        ],
    ),
    # test_rmsprop_diff_alpha
    "rho": (
        {"rho": 0.5},
        [
            [0.99971724, 0.9873509, 0.9859671, 0.985858, 0.98585784],
            [0.9993176, 0.9763115, 0.97450525, 0.97436625, 0.97436607],
            [0.9987531, 0.96588355, 0.9639029, 0.9637519, 0.96375173],
            [0.99795645, 0.95572895, 0.95366806, 0.95351166, 0.9535115],
            [0.99683434, 0.9457051, 0.9436056, 0.9434466, 0.9434464],
        ],
    ),
    # test_rmsprop_diff_eps
    "epsilon": (
        {"epsilon": 1e-2},
        [
            [0.9997904, 0.98252594, 0.97041094, 0.9683808, 0.96837723],
            [0.99956954, 0.9668238, 0.9485463, 0.94579285, 0.945788],
            [0.999337, 0.95234853, 0.93019867, 0.9270586, 0.9270531],
            [0.99909216, 0.9387773, 0.9139341, 0.91054934, 0.91054344],
            [0.9988343, 0.9259014, 0.89906746, 0.8955129, 0.8955067],
        ],
    ),
    # test_rmsprop_centered
    "centered": (
        {"centered": True},
        [
            [0.9997892, 0.98218256, 0.96900064, 0.9666708, 0.9666667],
            [0.99956703, 0.965664, 0.9448974, 0.941596, 0.9415902],
            [0.9993329, 0.9498438, 0.9236177, 0.91970736, 0.91970056],
            [0.9990862, 0.93438274, 0.90377975, 0.89941716, 0.8994096],
            [0.9988262, 0.9190646, 0.8847198, 0.87998855, 0.8799804],
        ],
    ),
    # test_rmsprop_l2_weight_decay
    "coupled": (
        {"weight_decay": 0.5, "decay": "coupled"},
        [
            [0.9945992, 0.9797556, 0.97018003, 0.96838075, 0.96837723],
            [0.9890257, 0.96231526, 0.9482287, 0.94579273, 0.945788],
            [0.98328084, 0.94663495, 0.92983353, 0.92705846, 0.9270531],
            [0.9773666, 0.9321751, 0.9135383, 0.9105492, 0.91054344],
            [0.97128564, 0.9186157, 0.89865, 0.89551276, 0.8955067],
        ],
    ),
    # test_rmsprop_decoupled_weight_decay
    "decoupled": (
        {"weight_decay": 0.5, "decay": "decoupled"},
        [
            [0.9947892, 0.97745883, 0.9653907, 0.9633808, 0.96337724],
            [0.98959416, 0.9568803, 0.9387497, 0.93603325, 0.9360285],
            [0.9844144, 0.93768346, 0.91579914, 0.9127129, 0.9127075],
            [0.9792493, 0.91952574, 0.8950769, 0.89176315, 0.8917574],
            [0.9740982, 0.90218556, 0.8758817, 0.8724158, 0.87240976],
        ],
    ),
}
RATE = np.array([0.1, 1.0, 2.0, 10.0, 100.0])


@pytest.mark.parametrize("case", DFDX_RMSPROP)
def test_dfdx_rmsprop(case):
    given, expected = DFDX_RMSPROP[case]
    rmsprop = simopt.RMSprop(eta=0.01, initial_accumulator=1.0, **given)
    ours = moved(rmsprop, ONES, lambda w, t: 2 * RATE**2 * w, 5)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)


DECAYED_SGD = [
    [0.9988, 0.997, 0.995, 0.979, 0.799],
    [0.99760115, 0.994003, 0.990005, 0.958021, 0.59820104],
    [0.9964036, 0.991009, 0.98501503, 0.937063, 0.39760286],
    [0.9952072, 0.988018, 0.98003, 0.9161259, 0.19720526],
    [0.994012, 0.98502994, 0.97505, 0.8952098, -0.00299193],
]
DFDX_SGD = {
    # test_sgd_no_momentum
    "SGD": (
        simopt.SGD(eta=0.01),
        [
            [0.9998, 0.998, 0.996, 0.98, 0.8],
            [0.99960005, 0.99600005, 0.992, 0.96000004, 0.6],
            [0.9994001, 0.9940001, 0.988, 0.94000006, 0.40000004],
            [0.9992001, 0.9920001, 0.98399997, 0.9200001, 0.20000005],
            [0.99900013, 0.9900001, 0.97999996, 0.9000001, 5.9604645e-8],
        ],
    ),
    # test_sgd_classic_momentum
    "momentum": (
        simopt.Momentum(eta=0.01, beta=0.5),
        [
            [0.9998, 0.998, 0.996, 0.98, 0.8],
            [0.99950004, 0.995, 0.99, 0.95000005, 0.5],
            [0.99915004, 0.9915, 0.983, 0.915, 0.15],
            [0.99877506, 0.98775, 0.9755, 0.8775, -0.225],
            [0.9983876, 0.983875, 0.96775, 0.83875, -0.61249995],
        ],
    ),
    # test_sgd_nesterov_momentum
    "nesterov": (
        simopt.Nesterov(eta=0.01, beta=0.5),
        [
            [0.9997, 0.997, 0.994, 0.97, 0.70000005],
            [0.99935, 0.9935, 0.987, 0.935, 0.35000005],
            [0.99897504, 0.98974997, 0.9795, 0.8975, -0.024999946],
            [0.99858755, 0.98587495, 0.97175, 0.85875, -0.41249993],
            [0.9981938, 0.98193747, 0.963875, 0.819375, -0.8062499],
        ],
    ),
    # test_sgd_weight_decay_no_momentum, in both forms
    "coupled": (simopt.SGD(eta=0.01, weight_decay=0.1, decay="coupled"), DECAYED_SGD),
    "decoupled": (simopt.SGD(eta=0.01, weight_decay=0.1, decay="decoupled"), DECAYED_SGD),
    # test_sgd_decoupled_weight_decay_classic_momentum
    "decoupled, momentum": (
        simopt.Momentum(eta=0.01, beta=0.5, weight_decay=0.1, decay="decoupled"),
        [
            [0.9988, 0.997, 0.995, 0.979, 0.799],
            [0.9975012, 0.993003, 0.988005, 0.948021, 0.498201],
            [0.9961537, 0.98851, 0.980017, 0.912073, 0.147703],
            [0.9947826, 0.983771, 0.971537, 0.873661, -0.227445],
            [0.9934003, 0.978913, 0.962815, 0.834037, -0.614717],
        ],
    ),
    # test_sgd_l2_weight_decay_classic_momentum
    "coupled, momentum": (
        simopt.Momentum(eta=0.01, beta=0.5, weight_decay=0.1, decay="coupled"),
        [
            [0.9988, 0.997, 0.995, 0.979, 0.799],
            [0.9970012, 0.992503, 0.987505, 0.947521, 0.49770102],
            [0.99490476, 0.987262, 0.97877, 0.91083395, 0.14655378],
            [0.99266165, 0.9816542, 0.9694238, 0.8715796, -0.22916639],
            [0.99034745, 0.9758687, 0.9597812, 0.83108085, -0.6167973],
        ],
    ),
}


@pytest.mark.parametrize("case", DFDX_SGD)
def test_dfdx_sgd(case):
    optimizer, expected = DFDX_SGD[case]
    ours = moved(optimizer, ONES, lambda w, t: RATE / 5, 5)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-6)


# --- candle: candle-nn/tests/optim.rs, run by the engine ------------------------------------------

CANDLE_X = [[2.0, 1.0], [7.0, 4.0], [-4.0, 12.0], [5.0, 8.0]]
CANDLE = simopt.problems.least_squares(
    CANDLE_X, [3 * a + b - 2 for a, b in CANDLE_X], intercept=True
)


@pytest.mark.interpreted
def test_candle_sgd_optim_in_its_own_precision():
    # sgd_optim asserts equality of float32 numbers.
    problem = simopt.problems.least_squares([[1.0]], [4.2])
    frame = simopt.sweep(problem, simopt.SGD(eta=0.1), epochs=100, dtype="float32")
    assert np.float32(frame["w"][0]) == np.float32(4.199999)
    # In float64 it would have gone on to 4.2.
    assert simopt.sweep(problem, simopt.SGD(eta=0.1), epochs=100)["w"][0] != frame["w"][0]


#: Their loss is the sum over four points, ours the mean: a rate, or an epsilon, of four times, or a
#: fourth of, the size makes the same steps.
CANDLE_REGRESSIONS = {
    # sgd_linear_regression
    "SGD": (simopt.SGD(eta=4 * 0.004), 1000, [2.9983196, 0.99790204, -1.9796902], 2e-5),
    # adamw_linear_regression, printed with four decimals
    "AdamW": (
        simopt.AdamW(eta=0.1, epsilon=1e-8 / 4, weight_decay=0.01, convention="torch"),
        100,
        [2.7257, 0.7097, 0.7873],
        5e-5,
    ),
}


@pytest.mark.interpreted
@pytest.mark.parametrize("case", CANDLE_REGRESSIONS)
def test_candle_linear_regression(case):
    optimizer, updates, expected, tolerance = CANDLE_REGRESSIONS[case]
    frame = simopt.sweep(CANDLE, optimizer, batch_size="full", epochs=updates)
    ours = frame[["w_0", "w_1", "w_2"]].to_numpy()[0]
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance)


@pytest.mark.interpreted
def test_candle_nesterov_diverges_in_its_own_precision():
    # nesterov_sgd_linear_regression: the divergence has grown float32's rounding to 1.1e-4.
    frame = simopt.sweep(
        CANDLE,
        simopt.Nesterov(eta=4 * 0.004, beta=0.1),
        batch_size="full",
        epochs=100,
        dtype="float32",
    )
    ours = frame[["w_0", "w_1", "w_2"]].to_numpy()[0]
    np.testing.assert_allclose(ours, [1.07495, -9.90416, -1.8961483], rtol=0, atol=2e-5)


# --- Keras: keras/src/optimizers/*_test.py --------------------------------------------------------


def tiled(*values):
    return np.tile(np.reshape(values, (-1, 1)), (1, 10))


#: test_correctness_with_golden: ten weights from 1, a gradient of 0.01, then four of 0.1 ... 1.
#: Printed to four decimals; AMSGrad's are off by 1.3e-4, within the 5e-4 that Keras itself allows.
KERAS_GOLDEN = {
    "AdaGrad": (
        {"eta": 0.2, "initial_accumulator": 0.3, "epsilon": 1e-6},
        [
            [0.9963] * 10,
            [0.9604, 0.9278, 0.9003, 0.8784, 0.8615, 0.8487, 0.8388, 0.8313, 0.8255, 0.8209],
            [0.9251, 0.8629, 0.8137, 0.7768, 0.7497, 0.7298, 0.7151, 0.704, 0.6956, 0.6891],
            [0.8903, 0.8012, 0.7342, 0.6862, 0.6521, 0.6277, 0.6099, 0.5967, 0.5867, 0.579],
            [0.856, 0.7422, 0.6604, 0.6037, 0.5644, 0.5367, 0.5168, 0.5021, 0.491, 0.4825],
        ],
    ),
    "AdamW": (
        {"eta": 1.0, "weight_decay": 0.5, "epsilon": 2.0},
        [
            [0.4998] * 10,
            [0.2486, 0.2475, 0.2463, 0.2451, 0.244, 0.2428, 0.2417, 0.2405, 0.2394, 0.2382],
            [0.1223, 0.1198, 0.1174, 0.1149, 0.1124, 0.11, 0.1075, 0.1051, 0.1027, 0.1003],
            [0.0586, 0.0549, 0.0512, 0.0475, 0.0439, 0.0402, 0.0366, 0.033, 0.0294, 0.0258],
            [0.0263, 0.0215, 0.0167, 0.012, 0.0073, 0.0026, -0.0021, -0.0067, -0.0113, -0.0159],
        ],
    ),
    "NAdam": (
        {"eta": 0.5, "beta1": 0.5, "beta2": 0.67, "epsilon": 1e-5},
        [
            [0.4281] * 10,
            [-0.1738, -0.1731, -0.1726, -0.1723, -0.1721, -0.172, -0.1719, -0.1718, -0.1718,
             -0.1717],
            [-0.7115, -0.7103, -0.7096, -0.7092, -0.709, -0.7088, -0.7086, -0.7085, -0.7085,
             -0.7084],
            [-1.2335, -1.2322, -1.2313, -1.2309, -1.2306, -1.2304, -1.2302, -1.2301, -1.23,
             -1.2299],
            [-1.7492, -1.7478, -1.7469, -1.7464, -1.7461, -1.7459, -1.7457, -1.7456, -1.7455,
             -1.7454],
        ],
    ),
    "Adamax": (
        {"eta": 0.2, "beta1": 0.85, "beta2": 0.95, "epsilon": 1e-6},
        [
            [0.8] * 10,
            [0.6827, 0.6873, 0.6888, 0.6896, 0.6901, 0.6904, 0.6906, 0.6908, 0.6909, 0.691],
            [0.5333, 0.5407, 0.5431, 0.5444, 0.5451, 0.5456, 0.546, 0.5462, 0.5464, 0.5466],
            [0.368, 0.3773, 0.3804, 0.382, 0.3829, 0.3835, 0.384, 0.3843, 0.3846, 0.3848],
            [0.1933, 0.204, 0.2076, 0.2094, 0.2105, 0.2112, 0.2117, 0.2121, 0.2124, 0.2126],
        ],
    ),
    # Its nesterov=True comes without momentum: plain SGD.
    "SGD": ({}, 0.9999 - 0.01 * np.outer(np.arange(5), np.arange(1, 11) / 10)),
    "RMSprop": ({"centered": True}, tiled(0.9967, 0.9933, 0.9908, 0.9885, 0.9864)),
    "AMSGrad": ({}, tiled(0.999, 0.9982, 0.9974, 0.9965, 0.9955)),
    "Adadelta": ({"eta": 1.0, "rho": 0.8, "epsilon": 1e-6},
                 tiled(0.9978, 0.9947, 0.9915, 0.9882, 0.9849)),
    "Lion": ({}, tiled(0.999, 0.998, 0.997, 0.996, 0.995)),
}  # fmt: skip


@pytest.mark.parametrize("name", KERAS_GOLDEN)
def test_keras_golden(name):
    given, expected = KERAS_GOLDEN[name]
    optimizer = simopt.rules.ALL[name](convention="keras", **given)
    ours = moved(
        optimizer, np.ones(10), lambda w, t: np.arange(1, 11) / 10 if t else np.full(10, 0.01), 5
    )
    tolerance = 5e-4 if name == "AMSGrad" else 6e-5
    np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance)


#: test_single_step: gradients 1, 6, 7, 2 at the weights 1, 2, 3, 4, and a rate of 0.5.
KERAS_SINGLE = {
    "SGD": [0.5, -1.0, -0.5, 3.0],
    "AdaGrad": [0.5233, 1.5007, 2.5005, 3.5061],
    "RMSprop": [-0.5811, 0.4189, 1.4189, 2.4189],
    "Adam": [0.5, 1.5, 2.5, 3.5],
    "AdamW": [0.498, 1.496, 2.494, 3.492],
    "NAdam": [0.4686, 1.4686, 2.4686, 3.4686],
    "Adamax": [0.5, 1.5, 2.5, 3.5],
    "Adadelta": [0.9993, 1.9993, 2.9993, 3.9993],
    "Lion": [0.5, 1.5, 2.5, 3.5],
}


@pytest.mark.parametrize("name", KERAS_SINGLE)
def test_keras_single_step(name):
    optimizer = simopt.rules.ALL[name](eta=0.5, convention="keras")
    (ours,) = moved(optimizer, [1.0, 2.0, 3.0, 4.0], lambda w, t: [1.0, 6.0, 7.0, 2.0], 1)
    np.testing.assert_allclose(ours, KERAS_SINGLE[name], rtol=0, atol=5e-5)


@pytest.mark.parametrize("name", KERAS_SINGLE)
def test_keras_weight_decay(name):
    # test_weight_decay: 2 shrunk three times, without any gradient.
    optimizer = simopt.rules.ALL[name](eta=1.0, weight_decay=0.004, convention="keras")
    ours = moved(optimizer, [2.0], lambda w, t: [0.0], 3)
    assert ours[-1, 0] == pytest.approx(1.9760959, abs=1e-7)


# --- TensorFlow: tensorflow/python/training/{adagrad,rmsprop}_test.py -----------------------------


def test_tensorflow_adagrad():
    # doTestBasic
    adagrad = simopt.AdaGrad(eta=3.0, epsilon=0.0, initial_accumulator=0.1)
    ours = moved(adagrad, [1.0, 2.0, 3.0, 4.0], lambda w, t: [0.1, 0.1, 0.01, 0.01], 3)
    expected = [-1.6026098728179932, -0.6026098728179932, 2.715679168701172, 3.715679168701172]
    np.testing.assert_allclose(ours[-1], expected, rtol=0, atol=1e-6)


def test_tensorflow_rmsprop():
    # testWithoutMomentum: the mean of squares starts at 1, as it did in TensorFlow 1.
    rmsprop = simopt.RMSprop(eta=2.0, rho=0.9, epsilon=1.0, initial_accumulator=1.0)
    ours = moved(rmsprop, [1.0, 2.0, 3.0, 4.0], lambda w, t: [0.1, 0.1, 0.01, 0.01], 2)
    far = 0.2 / math.sqrt(0.901 + 1), 0.2 / math.sqrt(0.901 * 0.9 + 0.001 + 1)
    near = 0.02 / math.sqrt(0.90001 + 1), 0.02 / math.sqrt(0.90001 * 0.9 + 1e-5 + 1)
    expected = [[1 - far[0], 2 - far[0], 3 - near[0], 4 - near[0]]]
    expected.append([1 - sum(far), 2 - sum(far), 3 - sum(near), 4 - sum(near)])
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14)


def test_tensorflow_rmsprop_with_momentum():
    # testWithMomentum: the rate multiplies what enters the buffer.
    rmsprop = simopt.RMSprop(
        eta=2.0, rho=0.9, epsilon=1e-5, momentum=0.5, initial_accumulator=1.0, rate_place="inside"
    )
    ours = moved(rmsprop, [1.0, 3.0], lambda w, t: [0.1, 0.01], 2)
    far = 0.2 / math.sqrt(0.901 + 1e-5), 0.2 / math.sqrt(0.901 * 0.9 + 0.001 + 1e-5)
    near = 0.02 / math.sqrt(0.90001 + 1e-5), 0.02 / math.sqrt(0.90001 * 0.9 + 2e-5)
    expected = [[1 - far[0], 3 - near[0]], [1 - 1.5 * far[0] - far[1], 3 - 1.5 * near[0] - near[1]]]
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14)


# --- Dive into Deep Learning, chapter "Optimization Algorithms", run by the engine ----------------

#: f = 0.1 x_1^2 + 2 x_2^2 from (-5, -2).
ELLIPSE = simopt.problems.least_squares(
    [[math.sqrt(0.2), 0.0], [0.0, 2.0]], [0.0, 0.0], w0=[-5.0, -2.0]
)
#: Printed to six decimals after 20 steps (sections gd, momentum, adagrad, rmsprop).
D2L = {
    "gradient descent, 0.4": (simopt.SGD(eta=0.4), [-0.943467, -0.000073]),
    "gradient descent, 0.6": (simopt.SGD(eta=0.6), [-0.387814, -1673.365109]),
    "momentum, 0.5": (simopt.Momentum(eta=0.6, beta=0.5), [0.007188, 0.002553]),
    "momentum, 0.25": (simopt.Momentum(eta=0.6, beta=0.25), [-0.126340, -0.186632]),
    "AdaGrad, 0.4": (simopt.AdaGrad(eta=0.4, epsilon=1e-6), [-2.382563, -0.158591]),
    "AdaGrad, 2": (simopt.AdaGrad(eta=2.0, epsilon=1e-6), [-0.002295, 0.0]),
    "RMSprop": (simopt.RMSprop(eta=0.4, rho=0.9, epsilon=1e-6), [-0.010599, 0.0]),
}


@pytest.mark.interpreted
@pytest.mark.parametrize("case", D2L)
def test_d2l_traces(case):
    optimizer, expected = D2L[case]
    frame = simopt.sweep(ELLIPSE, optimizer, batch_size="full", epochs=20, divergence=None)
    ours = frame[["w_0", "w_1"]].to_numpy()[0]
    np.testing.assert_allclose(ours, expected, rtol=0, atol=5.1e-7)


def test_d2l_one_dimension():
    # Section gd: f = x^2 from 10, ten steps, printed with all digits.
    expected = {0.2: 0.06046617599999997, 0.05: 3.4867844009999995, 1.1: 61.917364224000096}
    problem = simopt.problems.least_squares([[1.0]], [0.0], w0=10.0)
    frame = simopt.sweep(problem, simopt.SGD(eta=list(expected)), epochs=10)
    np.testing.assert_allclose(frame["w"], list(expected.values()), rtol=2e-14)


# --- where others ask for arrival: optax, pytorch-optimizer ---------------------------------------

#: optax/_src/alias_test.py, test_optimization: 10,000 updates, to 0.03.
OPTAX = {
    "Adadelta": {"eta": 0.1},
    "AdaGrad": {"eta": 1.0},
    "Adam": {"eta": 0.1},
    "Adamax": {"eta": 0.1},
    "Adamax, decoupled": {"eta": 0.1, "weight_decay": 1e-4, "decay": "decoupled"},
    "AdamW": {"eta": 0.1},
    "AMSGrad": {"eta": 0.1},
    "Lion": {"eta": 0.01, "weight_decay": 1e-4},
    "NAdam": {"eta": 0.01},
    "NAdam, decoupled": {"eta": 0.01, "weight_decay": 1e-4, "decay": "decoupled"},
    "RAdam": {"eta": 0.005},
    "RMSprop": {"eta": 0.005},
    "RMSprop, momentum": {"eta": 0.005, "momentum": 0.9},
    "Momentum": {"eta": 0.001, "beta": 0.9},
    "SignSGD": {"eta": 0.1},
}


def parabola(w, t):
    return 2 * (w - [1.0, -1.0, 1.0])


def rosenbrock(b):
    def slope(w, t):
        x, y = w
        return [-2 * (1 - x) - 4 * b * x * (y - x * x), 2 * b * (y - x * x)]

    return slope


@pytest.mark.parametrize("case", OPTAX)
def test_optax_optimization(case):
    optimizer = simopt.rules.ALL[case.split(",")[0]](convention="optax", **OPTAX[case])
    ours = moved(optimizer, [-1.0, 10.0, 1.0], parabola, 10_000)
    np.testing.assert_allclose(ours[-1], [1.0, -1.0, 1.0], rtol=0.03, atol=0.03)
    if case != "SignSGD":  # it circles the valley; optax leaves it out too
        ours = moved(optimizer, [0.0, 0.0], rosenbrock(100.0), 10_000)
        np.testing.assert_allclose(ours[-1], [1.0, 1.0], rtol=0.03, atol=0.03)


def quadratic(w, t):
    return 2 * w


def beale(w, t):
    x, y = w
    terms = [(1.5 - x + x * y, y - 1, x), (2.25 - x + x * y**2, y**2 - 1, 2 * x * y)]
    terms.append((2.625 - x + x * y**3, y**3 - 1, 3 * x * y**2))
    return [sum(2 * f * slope[i] for f, *slope in terms) for i in range(2)]


#: pytorch-optimizer (jettify), tests/test_basic.py: from (1.5, 1.5), to 0.001.
JETTIFY = {
    # QHM with nu = 1 is momentum of a mean, (1 - beta) g: heavy ball at (1 - beta) eta.
    "QHM": (simopt.Momentum(eta=0.02 * (1 - 0.95), beta=0.95), 900),
    "SGDW": (simopt.Momentum(eta=0.002, beta=0.91), 900),
    "RAdam": (
        simopt.RAdam(
            eta=0.01, beta2=0.95, epsilon=1e-3, convention="torch", threshold_included=True
        ),
        800,
    ),
}
VALLEYS = {
    "rosenbrock": (rosenbrock(1.0), [1.0, 1.0]),
    "quadratic": (quadratic, [0.0, 0.0]),
    "beale": (beale, [3.0, 0.5]),
}


@pytest.mark.parametrize("valley", VALLEYS)
@pytest.mark.parametrize("case", JETTIFY)
def test_jettify_benchmarks(case, valley):
    (optimizer, updates), (slope, expected) = JETTIFY[case], VALLEYS[valley]
    ours = moved(optimizer, [1.5, 1.5], slope, updates)
    np.testing.assert_allclose(ours[-1], expected, rtol=1e-5, atol=1e-3)
