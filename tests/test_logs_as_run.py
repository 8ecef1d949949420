"""Logs as real programs wrote them, run for this: what they printed, shortened, and what is read."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from simopt.curves.logs import read_log
from tests.test_logs import HELD, LOSS, lines, one, same, written

#: scikit-learn 1.9: KMeans(4, verbose=1, n_init=3), the inertia of each of its three starts.
STARTS = (
    [2033.1867, 1821.2640, 1792.5145, 1770.6951, 1757.7654, 1747.2775, 1743.2165, 1738.0316],
    [2424.6697, 1843.9945, 1814.5826, 1803.5956, 1795.5280, 1787.8175, 1779.0608, 1739.2173],
    [1985.9139, 1814.3826, 1775.1786, 1759.2628, 1751.8621, 1745.7584, 1744.1894, 1739.1580],
)

#: SciPy 1.17: least_squares(verbose=2); the first row has no step behind it.
LEAST_SQUARES = """\
   Iteration     Total nfev        Cost      Cost reduction    Step norm     Optimality   
       0              1         1.2100e+01                                    1.08e+02    
       1              3         2.1423e+00      9.96e+00       3.91e-01       1.65e+01    
       2              5         1.5857e+00      5.57e-01       1.95e-01       3.34e+00    
       3              6         1.2992e+00      2.87e-01       3.91e-01       6.13e+00    
       4              8         1.0050e+00      2.94e-01       1.95e-01       2.80e+00    
       5             10         8.7424e-01      1.31e-01       9.76e-02       1.47e+00    
`gtol` termination condition is satisfied.
Function evaluations 25, initial cost 1.2100e+01, final cost 0.0000e+00, first-order optimality 0.00e+00.
"""  # noqa: W291

#: SciPy 1.17: minimize(method="TNC", options={"disp": True}), the messages between its rows too.
TNC = """\
  NIT   NF   F                       GTG
    0    1  3.557000000000000E+02   3.84928360E+05
tnc: fscale = 0.000738152
    1    6  2.703660415494652E+01   5.57262526E+04
    2    9  4.517055204559703E+00   9.73802176E+02
tnc: fscale = 0.0155136
    3   12  4.010280727958246E+00   4.03455044E+00
    4   15  4.005101399709948E+00   2.99106629E+00
tnc: Converged (|f_n-f_(n-1)| ~= 0)
"""

#: SciPy 1.17: linprog(method="interior-point", options={"disp": True}); a step's length counts no steps.
INTERIOR_POINT = """\
Primal Feasibility  Dual Feasibility    Duality Gap         Step             Path Parameter      Objective          
1.0                 1.0                 1.0                 -                1.0                 -3.0                
0.1408436813961     0.1408436813961     0.1408436813961     0.8631916924767  0.1408436813961     -4.167391184834     
0.006865224153316   0.006865224154223   0.006865224154223   0.9734822592431  0.006865224154362   -4.966880517535     
1.824295378539e-06  1.824295377101e-06  1.82429537654e-06   0.9997562814955  1.824295376893e-06  -4.999996335137     
9.121570167184e-11  9.121494320342e-11  9.121503552478e-11  0.9999499998813  9.121479416834e-11  -4.999999999817     
Optimization terminated successfully.
"""  # noqa: W291

#: SciPy 1.17: minimize(method="BFGS", options={"disp": True}), which prints its end alone.
BFGS = """\
Optimization terminated successfully.
         Current function value: 3.701429
         Iterations: 31
         Function evaluations: 36
         Gradient evaluations: 36
"""

#: statsmodels 0.15: DynamicFactorMQ(...).fit(disp=5); the log-likelihood rises.
EM = """\
EM start iterations, llf=-1762.5
EM iteration 5, llf=-1704.4, convergence criterion=0.0017125
EM iteration 10, llf=-1698.6, convergence criterion=0.00037468
EM iteration 15, llf=-1696.7, convergence criterion=0.00015985
EM iteration 20, llf=-1695.8, convergence criterion=8.8946e-05
EM iteration 25, llf=-1695.2, convergence criterion=5.7442e-05
EM iteration 280, llf=-1692.2, convergence criterion=9.9962e-07
EM converged at iteration 280, llf=-1692.2, convergence criterion=9.9962e-07 < tolerance=1e-06
"""

#: Stan's optimizer, as Prophet 1.3 has it, with refresh=2: the header stands above every row.
STAN = """\
method = optimize
  optimize
    algorithm = lbfgs (Default)
      lbfgs
        init_alpha = 0.001 (Default)
        tol_obj = 1e-12 (Default)
    iter = 10000
Initial log joint probability = -35.5618
    Iter      log prob        ||dx||      ||grad||       alpha      alpha0  # evals  Notes 
       1      -31.5007      0.112054       91.4253       0.001       0.001        2   
    Iter      log prob        ||dx||      ||grad||       alpha      alpha0  # evals  Notes 
       3      -21.6038      0.291006       133.996           1           1        4   
    Iter      log prob        ||dx||      ||grad||       alpha      alpha0  # evals  Notes 
       5      -13.1571     0.0742408       80.6024      0.8501      0.8501        6   
    Iter      log prob        ||dx||      ||grad||       alpha      alpha0  # evals  Notes 
       7      -11.3012     0.0330009       87.1416      0.6909      0.6909        8   
Optimization terminated normally: 
  Convergence detected: absolute parameter change was below tolerance
"""  # noqa: W291

#: scikit-learn 1.9: LinearSVC(verbose=1).
LIBLINEAR = """\
[LibLinear]iter  1 act 2.819e+02 pre 2.636e+02 delta 9.370e-01 f 4.000e+02 |g| 6.104e+02 CG   2
iter  2 act 3.887e+01 pre 3.040e+01 delta 9.370e-01 f 1.181e+02 |g| 1.141e+02 CG   2
iter  3 act 1.873e+01 pre 1.426e+01 delta 9.370e-01 f 7.928e+01 |g| 4.515e+01 CG   2
iter  4 act 9.363e+00 pre 7.378e+00 delta 1.074e+00 f 6.055e+01 |g| 1.920e+01 CG   3
"""

#: Keras 3.15: fit(verbose=2), and evaluate(verbose=1) behind it.
FIT_AND_EVALUATE = """\
Epoch 1/5
6/6 - 0s - 667us/step - loss: 1.1326 - mae: 0.8618 - val_loss: 0.9471 - val_mae: 0.7727
Epoch 2/5
6/6 - 0s - 1ms/step - loss: 0.9086 - mae: 0.7704 - val_loss: 0.7501 - val_mae: 0.6819
Epoch 3/5
6/6 - 0s - 656us/step - loss: 0.7256 - mae: 0.6883 - val_loss: 0.5923 - val_mae: 0.6014
Epoch 4/5
6/6 - 0s - 582us/step - loss: 0.5742 - mae: 0.6065 - val_loss: 0.4668 - val_mae: 0.5311
Epoch 5/5
6/6 - 0s - 571us/step - loss: 0.4580 - mae: 0.5366 - val_loss: 0.3702 - val_mae: 0.4714
\r\x1b[1m1/8\x1b[0m \x1b[32m━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m 893us/step - loss: 0.2565 - mae: 0.4153\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\r\x1b[1m8/8\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m 280us/step - loss: 0.3884 - mae: 0.4880
"""

#: Vowpal Wabbit 9.11: --bfgs; the first number of a row has no name, the next stands under the loss.
BFGS_OF_VOWPAL_WABBIT = """\
## avg. loss \tder. mag. \td. m. cond.\t wolfe1    \twolfe2    \tmix fraction\tcurvature \tdir. magnitude\tstep size
creating cache_file = a.cache
learning rate = 0.5
 1 4.26062   \t18.68919  \t10.02340  \t          \t          \t          \t12.00377  \t5.41246   \t0.83502

finished run
average loss = 0.062535 h
"""

#: cma 4: fmin prints rows of two numbers under one name; then every so many.
CMA = """\
(4_w,8)-aCMA-ES (mu_w=2.6,w_1=52%) in dimension 4 (seed=80727, Mon Nov 30 17:04:54 2026)
Iterat #Fevals   function value  axis ratio  sigma  min&max std  t[m:s]
    1      8 9.081525883140614e+00 1.0e+00 3.07e-01  3e-01  3e-01 0:00.0  
    2     16 7.638927477078304e+00 1.4e+00 2.74e-01  3e-01  3e-01 0:00.0  
    3     24 2.820914669301314e+01 1.2e+00 2.33e-01  2e-01  2e-01 0:00.0  
   60    480 1.019767706280142e-02 2.6e+01 3.13e-02  7e-03  3e-02 0:00.1  
termination on maxiter=60 (Mon Nov 30 17:04:54 2026)
final/bestever f-value = 1.055795e-02 1.019768e-02 after 481/480 evaluations
"""  # noqa: W291

#: river 0.26: progressive_val_score(print_every=20), of a linear model.
RIVER = """\
[20] MAE: 1.551482 – 00:00:00 – 3.52 KiB
[40] MAE: 1.043188 – 00:00:00 – 3.52 KiB
[60] MAE: 0.860091 – 00:00:00 – 3.52 KiB
[80] MAE: 0.733941 – 00:00:00 – 3.52 KiB
"""

#: Vowpal Wabbit 9.11: --passes 4 -P 50; from the second pass on the loss is that of held-out points.
PASSES = """\
average  since         example        example        current        current  current
loss     last          counter         weight          label        predict features
2.008876 2.008876           50           50.0         4.8350         1.5098        6
1.564058 1.119239          100          100.0         1.7338         0.8246        6
1.223912 0.543620          150          150.0        -0.2756        -0.2318        6
0.977828 0.239578          200          200.0        -0.7931        -0.8046        6
0.815022 0.163795          250          250.0         0.1968         0.1787        6
0.886252 0.886252          300          300.0         0.0165        -0.0947        6 h
0.775219 0.042397          350          350.0         1.0018         0.9103        6 h
0.672171 0.019538          400          400.0        -4.6753        -4.4576        6 h
"""

#: Ignite 0.5: its tutorial's lines of every few batches, of both parts at an epoch's end, and a bar.
IGNITE = "".join(
    f"Epoch[{epoch}] Iteration[{10 * epoch - 5}/10] Loss: {batch}\n"
    f"Epoch [{epoch}/8]: [10/10] 100%|██████████, loss={mean} [00:00<00:00]\n"
    f"Training Results - Epoch: {epoch}  Avg mse: {train} Avg loss: {train}\n"
    f"Validation Results - Epoch: {epoch}  Avg mse: {held} Avg loss: {held}\n"
    for epoch, (batch, mean, train, held) in enumerate(
        [
            (4.64, 10.3, 3.8815, 3.8315),
            (1.72, 8.94, 1.5647, 1.6005),
            (0.39, 7.48, 0.4818, 0.5109),
            (0.04, 6.17, 0.2275, 0.2459),
            (0.2, 5.08, 0.1718, 0.187),
            (0.08, 4.18, 0.1527, 0.1699),
            (0.07, 3.44, 0.1433, 0.1596),
            (0.14, 2.84, 0.1352, 0.1553),
        ],
        1,
    )
)


#: MMEngine 0.10: two losses of an epoch's batches, and that of held-out points.
MMENGINE = (
    (17.1908, 12.8035, 15.0139),
    (10.1085, 7.1492, 11.9062),
    (6.1474, 4.7281, 9.6918),
    (3.2077, 2.811, 8.0694),
)


#: MMEngine 0.10: its logger's lines of every fourth batch, by epochs and by iterations; and a file
#: of its own, in which both parts have one name for their losses.
BY_EPOCH = "".join(
    f"2026/11/30 20:36:45 - mmengine - INFO - Epoch(train) [{epoch}][4/8]  lr: 2.0000e-02  eta: 0:00:01  time: 0.0251  data_time: 0.0179  loss: {a}\n"
    f"2026/11/30 20:36:45 - mmengine - INFO - Epoch(train) [{epoch}][8/8]  lr: 2.0000e-02  eta: 0:00:00  time: 0.0146  data_time: 0.0095  loss: {b}\n"
    f"2026/11/30 20:36:45 - mmengine - INFO - Epoch(val) [{epoch}][4/4]    eta: 0:00:00  time: 0.0017  data_time: 0.0003  \n"
    f"2026/11/30 20:36:45 - mmengine - INFO - Epoch(val) [{epoch}][4/4]    loss: {held}  accuracy: 0.5000  data_time: 0.0003  time: 0.0017\n"
    for epoch, (a, b, held) in enumerate(MMENGINE, 1)
)
BY_ITERATION = "".join(
    f"2026/11/30 20:36:46 - mmengine - INFO - Iter(train) [{8 * k + 4:2}/64]  lr: 2.0000e-02  eta: 0:00:00  time: 0.0061  data_time: 0.0054  loss: {a}\n"
    f"2026/11/30 20:36:46 - mmengine - INFO - Iter(train) [{8 * k + 8:2}/64]  lr: 2.0000e-02  eta: 0:00:00  time: 0.0047  data_time: 0.0030  loss: {b}\n"
    f"2026/11/30 20:36:46 - mmengine - INFO - Iter(val) [4/4]    eta: 0:00:00  time: 0.0019  data_time: 0.0002  \n"
    f"2026/11/30 20:36:46 - mmengine - INFO - Iter(val) [4/4]    loss: {held}  accuracy: 0.5000  data_time: 0.0002  time: 0.0019\n"
    for k, (a, b, held) in enumerate(MMENGINE)
)
SCALARS = "".join(
    f'{{"lr": 0.02, "data_time": 0.01, "loss": {a}, "time": 0.02, "epoch": {epoch}, "iter": {8 * epoch - 4}, "step": {8 * epoch - 4}}}\n'
    f'{{"lr": 0.02, "data_time": 0.01, "loss": {b}, "time": 0.02, "epoch": {epoch}, "iter": {8 * epoch}, "step": {8 * epoch}}}\n'
    f'{{"loss": {held}, "accuracy": 0.5, "data_time": 0.0003, "time": 0.0017, "step": {epoch}}}\n'
    for epoch, (a, b, held) in enumerate(MMENGINE, 1)
)


def test_starts_that_begin_where_the_first_did_are_runs_of_their_own(tmp_path):
    text = "".join(
        "Initialization complete\n"
        + "".join(f"Iteration {k}, inertia {value}.\n" for k, value in enumerate(start))
        + "Converged at iteration 7: strict convergence.\n"
        for start in STARTS
    )
    log = read_log(written(tmp_path, text, "out.log"))
    assert [run.loss.tolist() for run in log] == list(STARTS)


def test_numbers_stand_under_their_names_where_cells_are_empty(tmp_path):
    run = one(read_log(written(tmp_path, LEAST_SQUARES, "out.log")))
    same(run, [12.1, 2.1423, 1.5857, 1.2992, 1.005, 0.87424], None)
    np.testing.assert_array_equal(run.x, range(6))


def test_messages_of_as_many_words_as_a_table_has_columns(tmp_path):
    path = written(tmp_path, TNC, "out.log")
    with pytest.raises(ValueError, match=r"\['NIT', 'NF', 'F', 'GTG'\]: must be named for a loss"):
        read_log(path)
    run = one(read_log(path, column="F"))
    same(run, [355.7, 27.03660415494652, 4.517055204559703, 4.010280727958246, 4.005101399709948], None)  # fmt: skip
    np.testing.assert_array_equal(run.x, range(5))


def test_lengths_of_steps_count_nothing(tmp_path):
    run = one(read_log(written(tmp_path, INTERIOR_POINT, "out.log")))
    same(run, [-3.0, -4.167391184834, -4.966880517535, -4.999996335137, -4.999999999817], None)
    assert (run.x, run.x_column) == (None, "")


def test_an_end_alone_is_no_log(tmp_path):
    with pytest.raises(ValueError, match="begins 'Optimization terminated successfully"):
        read_log(written(tmp_path, BFGS, "out.log"))


def test_a_criterion_of_convergence_is_no_loss(tmp_path):
    path = written(tmp_path, EM, "out.log")
    with pytest.raises(ValueError, match="'llf' rises when a model gets better"):
        read_log(path)
    run = one(read_log(path, higher_is_better=True))
    same(run, [1762.5, 1704.4, 1698.6, 1696.7, 1695.8, 1695.2, 1692.2, 1692.2], None)


def test_a_probability_that_rises_is_said_to(tmp_path):
    path = written(tmp_path, STAN, "out.log")
    with pytest.raises(ValueError, match="'log prob' rises when a model gets better"):
        read_log(path)
    run = one(read_log(path, higher_is_better=True))
    same(run, [31.5007, 21.6038, 13.1571, 11.3012], None)
    np.testing.assert_array_equal(run.x, [1, 3, 5, 7])


def test_the_first_line_of_liblinear(tmp_path):
    same(one(read_log(written(tmp_path, LIBLINEAR, "out.log"))), [400, 118.1, 79.28, 60.55], None)


def test_two_losses_of_one_name_beside_that_of_the_training(tmp_path):
    run = one(read_log(written(tmp_path, IGNITE, "out.log")))
    same(
        run,
        [3.8815, 1.5647, 0.4818, 0.2275, 0.1718, 0.1527, 0.1433, 0.1352],
        [3.8315, 1.6005, 0.5109, 0.2459, 0.187, 0.1699, 0.1596, 0.1553],
    )


def test_what_keras_evaluates_behind_the_last_epoch_is_no_epoch(tmp_path):
    run = one(read_log(written(tmp_path, FIT_AND_EVALUATE, "out.log")))
    same(run, [1.1326, 0.9086, 0.7256, 0.5742, 0.458], [0.9471, 0.7501, 0.5923, 0.4668, 0.3702])
    np.testing.assert_array_equal(run.x, range(1, 6))
    assert "what was evaluated behind the last epoch is left out" in run.notes


def test_two_bars_in_each_epoch_stay(tmp_path):
    """Whatever the second is, it is none that stands behind the last epoch alone."""
    text = "".join(
        f"Epoch {k}/5\n9/9 [====] - 0s - loss: {a}\n9/9 [====] - 0s - loss: {b}\n"
        for k, (a, b) in enumerate(zip(LOSS[:5], HELD[:5], strict=True), 1)
    )
    assert len(one(read_log(written(tmp_path, text, "out.log"))).loss) == 10


def test_fits_of_one_epoch_each_are_all_of_the_training(tmp_path):
    """``for _ in range(40): model.fit(epochs=1)``, with ``evaluate`` behind each or without."""
    for behind in ("", "5/5 [====] - 0s 1ms/step - loss: 7.5\n"):
        text = "".join(
            f"Epoch 1/1\n10/10 [====] - 1s 5ms/step - loss: {a} - val_loss: {b}\n{behind}"
            for a, b in zip(LOSS, HELD, strict=True)
        )
        run = one(read_log(written(tmp_path, text, "out.log")))
        same(run)
        assert any("evaluated" in note for note in run.notes) == bool(behind)


@pytest.mark.parametrize("told", ["({k}/40) loss {a}", "(12.5s) train_loss: {a}", "({a}, {a}) loss {a}"])  # fmt: skip
def test_what_stands_in_brackets_behind_an_epoch_is_no_summary(tmp_path, told):
    text = "".join(f"Epoch [{k}]: {told.format(k=k, a=a)}\n" for k, a in enumerate(LOSS))
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_counts_and_bounds_that_comet_prints_at_the_end(tmp_path):
    text = "".join(f"epoch {k} train_loss {a} val_loss {b}\n" for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True)))  # fmt: skip
    text += (
        "COMET INFO:   Metrics [count] (min, max):\n"
        "COMET INFO:     train_loss [40] : (0.3405, 2.3)\n"
        "COMET INFO:     val_loss [40]   : (0.3905, 2.35)\n"
    )
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_a_validation_that_has_its_own_count(tmp_path):
    """TensorBoard's "Loss/train" by steps beside "Loss/test" by epochs."""
    rows = {step: {"step": step, "Loss/train": loss} for step, loss in enumerate(LOSS, 1)}
    for epoch in range(8):
        rows.setdefault(epoch, {"step": epoch})["Loss/test"] = HELD[5 * epoch + 4]
    run = one(read_log([rows[step] for step in sorted(rows)]))
    same(run, LOSS, np.where(np.arange(1, 41) % 5 == 0, HELD, np.nan))
    assert run.validation_fault == ""
    assert any("every 5th" in note for note in run.notes)


def test_a_rate_that_is_logged_in_rows_of_its_own(tmp_path):
    """Lightning's LearningRateMonitor; a rate that is said once holds for all that follows."""
    text = "epoch,lr,train_loss\n" + "".join(
        f",{0.1 / (k + 1)},\n{k},,{loss}\n" for k, loss in enumerate(LOSS)
    )
    run = one(read_log(written(tmp_path, text)))
    np.testing.assert_allclose(run.rate, 0.1 / np.arange(1, 41))
    text = "Learning rate set to 0.3\n" + "".join(
        f"{k}:\tlearn: {loss}\ttotal: 1ms\tremaining: 2s\n" for k, loss in enumerate(LOSS)
    )
    np.testing.assert_array_equal(one(read_log(written(tmp_path, text, "out.log"))).rate, 0.3)


def test_how_fast_it_goes_is_no_part_of_a_name(tmp_path):
    text = "".join(
        f"Epoch {k}/7 ━━━━━━━ 10/10 0:00:00 • 0:00:00 58.22it/s train_loss: {a} val_loss: {b}\n"
        for k, (a, b) in enumerate(zip(LOSS, HELD, strict=True))
    )
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    assert (run.loss_column, run.validation_column) == ("train_loss", "val_loss")


@pytest.mark.parametrize("mark", ["{u} {s}", "{u}: {s}", "{u}={s}", "| {s} {u}", "{s}{u}"])
@pytest.mark.parametrize("unit", ["tok/s", "samples/sec", "s/step"])
def test_a_loss_before_how_fast_it_goes_stays(tmp_path, mark, unit):
    text = "".join(
        f"step {k} loss {a} {mark.format(u=unit, s=1000.5 + k)}\n" for k, a in enumerate(LOSS)
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_of_two_loggers_the_one_is_read_that_has_a_validation_loss(tmp_path):
    written(tmp_path, "step,loss\n" + "".join(f"{k},{a}\n" for k, a in enumerate(LOSS)), "run/a.csv")  # fmt: skip
    both = json.dumps({"loss": list(LOSS), "val_loss": list(HELD)})
    written(tmp_path, both, "run/b.json")
    same(one(read_log(tmp_path / "run")))


def test_two_trainings_that_stay_at_chance_are_two(tmp_path):
    written(tmp_path, "step,loss\n" + "".join(f"{k},0.6931\n" for k in range(9)), "run/a.csv")
    written(tmp_path, json.dumps({"loss": [0.6931] * 9}), "run/b.json")
    assert len(read_log(tmp_path / "run").runs) == 2


def test_one_training_that_two_loggers_wrote(tmp_path):
    """As Hugging Face's Trainer does, into its state and for TensorBoard."""
    history = ", ".join(f'{{"step": {k}, "loss": {a}}}' for k, a in enumerate(LOSS))
    written(tmp_path, f'{{"log_history": [{history}]}}', "run/trainer_state.json")
    written(tmp_path, "step,loss\n" + "".join(f"{k},{a:.6f}\n" for k, a in enumerate(LOSS)), "run/logs/a.csv")  # fmt: skip
    run = one(read_log(tmp_path / "run"))
    same(run, held=None)
    assert any("the same curve" in note for note in run.notes)


def test_a_report_of_dvclive_beside_its_curves(tmp_path):
    for part, values in (("train", LOSS), ("val", HELD)):
        text = "step\tloss\n" + "".join(f"{k}\t{a}\n" for k, a in enumerate(values))
        written(tmp_path, text, f"dvclive/plots/metrics/{part}/loss.tsv")
    text = "# Report\n\n### Metrics\n\n|   train.loss |   val.loss |   step |\n|--------------|------------|--------|\n|       0.5702 |     0.6702 |     39 |\n"
    written(tmp_path, text, "dvclive/report.md")
    same(one(read_log(tmp_path / "dvclive")))


def test_a_model_of_keras_is_no_log(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("config.json", '{"config": {"batch_shape": [32, 6]}}')
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ValueError, match="a model of Keras"):
        read_log(written(tmp_path, packed.getvalue(), "model.keras"))


def test_tabs_set_names_apart(tmp_path):
    run = one(read_log(written(tmp_path, BFGS_OF_VOWPAL_WABBIT, "out.log")))
    same(run, [0.062535], None)


def test_two_numbers_under_one_name(tmp_path):
    run = one(read_log(written(tmp_path, CMA, "out.log")))
    same(run, [9.081525883140614, 7.638927477078304, 28.20914669301314, 0.01019767706280142], None)
    np.testing.assert_array_equal(run.x, [1, 2, 3, 60])


def test_rounds_of_a_linear_model_are_no_trees(tmp_path):
    run = one(read_log(written(tmp_path, RIVER, "out.log")))
    same(run, [1.551482, 1.043188, 0.860091, 0.733941], None)
    assert (run.about, run.x_column) == ("", "iteration")


def test_held_out_points_in_the_column_of_the_training(tmp_path):
    text = PASSES + "\nfinished run\naverage loss = 0.062535 h\n"
    run = one(read_log(written(tmp_path, text, "out.log")))
    held = [np.nan, np.nan, np.nan, np.nan, 0.672171]
    same(run, [2.008876, 1.564058, 1.223912, 0.977828, 0.815022], held)
    np.testing.assert_array_equal(run.x, [50, 100, 150, 200, 250])


@pytest.mark.parametrize(
    ("text", "name", "x"),
    [
        (BY_EPOCH, "out.log", np.repeat(np.arange(1, 5), 2)),
        (BY_ITERATION, "out.log", np.arange(4, 33, 4)),
        (SCALARS, "scalars.json", np.arange(4, 33, 4)),
    ],
)
def test_positions_in_brackets_and_rows_of_two_parts(tmp_path, text, name, x):
    run = one(read_log(written(tmp_path, text, name)))
    train = [each for *pair, _ in MMENGINE for each in pair]
    same(run, train, [each for *_, held in MMENGINE for each in (np.nan, held)])
    np.testing.assert_array_equal(run.x, x)


def test_a_minus_one_says_that_there_is_no_step(tmp_path):
    """Sentence Transformers counts what it evaluates behind an epoch as step -1."""
    text = "epoch,steps,MSE\n" + "".join(
        f"{k // 3},{-1 if k % 3 == 2 else 10 * (k % 3 + 1)},{a}\n" for k, a in enumerate(LOSS[:12])
    )
    run = one(read_log(written(tmp_path, text, "mse.csv")))
    same(run, LOSS[:12], None)
    np.testing.assert_array_equal(run.x, np.arange(12) // 3)


@pytest.mark.parametrize(
    ("name", "settled"),
    [("neg_lp", True), ("neg_log_prob", True), ("neg_mean_squared_error", False), ("neg_log_loss", False)],
)  # fmt: skip
def test_the_negative_of_what_rises_falls_and_of_what_falls_rises(tmp_path, name, settled):
    cells = "{k},{a}" if settled else "{k},-{a}"  # scikit-learn's scores are below 0
    path = written(tmp_path, f"step,{name}\n" + lines(cells), "a.csv")
    if settled:
        same(one(read_log(path)), held=None)
    else:
        with pytest.raises(ValueError, match=f"'{name}' rises when a model gets better"):
            read_log(path)


@pytest.mark.parametrize("metric", ["Huber:delta=1.0", "QueryRMSE", "Quantile:alpha=0.7"])
def test_losses_of_catboost_with_settings_behind_them(tmp_path, metric):
    for name, cell in (("learn_error.tsv", "{a}"), ("test_error.tsv", "{b}")):
        written(tmp_path, f"iter\t{metric}\n" + lines(f"{{k}}\t{cell}"), name)
    run = one(read_log(tmp_path))
    same(run)
    assert run.loss_column == f"train-{metric}"


def test_jobs_that_each_write_a_file_of_one_name(tmp_path):
    """Hydra's ``--multirun``: a folder a job, and in each of them the log of the program."""
    for job in ("0", "1"):
        (folder := tmp_path / "multirun" / job).mkdir(parents=True)
        text = lines(
            "[2026-11-30 20:29:39,562][__main__][INFO] - epoch {k}: train_loss={a}, val_loss={b}"
        )
        written(folder, text, "train_model.log")
    log = read_log(tmp_path / "multirun")
    assert [run.name for run in log] == ["0", "1"]
    for run in log:
        same(run)


def test_a_list_of_texts_is_no_loss(tmp_path):
    path = written(
        tmp_path, '{"host": {"os": ["Linux", "Linux-6.18-x86_64"]}, "command": "run"}', "run.json"
    )
    with pytest.raises(ValueError, match="must be a log"):
        read_log(path)


#: scikit-learn 1.9: SGDClassifier("log_loss", max_iter=12, verbose=1), one class against the rest
#: after the other; only the first of them converged.
ONE_AGAINST_THE_REST = (
    [3.724483, 3.220726, 1.087536, 2.088573, 1.914651, 2.083012, 1.597337, 1.854245],
    [
        2.414926,
        2.113123,
        1.358231,
        1.465354,
        0.879409,
        1.053015,
        1.298502,
        1.11488,
        1.143702,
        0.853355,
        0.985387,
        0.982121,
    ],
    [
        4.83847,
        4.251013,
        4.447473,
        2.947231,
        3.245191,
        2.815608,
        2.200782,
        2.70472,
        1.900769,
        1.809318,
        2.00082,
        1.529387,
    ],
    [
        2.572783,
        2.351769,
        1.827564,
        2.318807,
        1.948766,
        1.594859,
        1.772951,
        1.534544,
        1.002307,
        1.448293,
        1.128194,
        1.202078,
    ],
)


def test_one_class_against_the_rest_after_another(tmp_path):
    """What converged does not go on, though the next class begins near where it ended."""
    text = ""
    for losses in ONE_AGAINST_THE_REST:
        for k, loss in enumerate(losses, 1):
            text += f"-- Epoch {k}\nNorm: 51.31, NNZs: 4, Bias: -21.025051, T: {150 * k}, Avg. loss: {loss:f}, Objective: {loss + 0.1:f}\nTotal training time: 0.00 seconds.\n"
        text += "Convergence after 8 epochs took 0.01 seconds\n" if len(losses) == 8 else ""
    log = read_log(written(tmp_path, text, "out.log"))
    assert [run.loss.tolist() for run in log] == list(ONE_AGAINST_THE_REST)
    for run in log:
        np.testing.assert_array_equal(run.x, range(1, len(run.loss) + 1))


def test_rates_that_are_said_in_front_of_each_run_and_behind_each_row(tmp_path):
    """Hydra's ``--multirun`` says a job's settings before it; a program may say its rate behind."""
    text = "".join(
        f"[2026-11-30 20:29:39,213][HYDRA] \t#{job} : +lr={rate}\n"
        + lines(
            "[2026-11-30 20:29:39,562][__main__][INFO] - epoch {k}: train_loss={a}, val_loss={b}"
        )
        for job, rate in enumerate((0.05, 0.1, 0.2))
    )
    log = read_log(written(tmp_path, text, "out.txt"))
    assert [set(run.rate) for run in log] == [{0.05}, {0.1}, {0.2}]
    for run in log:
        same(run)
    run = one(read_log(written(tmp_path, lines("epoch {n} loss {a}\nlr: 0.{n}"), "out.txt")))
    np.testing.assert_array_equal(run.rate, [float(f"0.{n}") for n in range(1, 41)])


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        ([*range(-1, 5)] * 2, [[-1, 0, 1, 2, 3, 4]] * 2),
        ([*range(6, -2, -1)], [[-1, 0, 1, 2, 3, 4, 5, 6]]),
        ([10, 20, -1, 30, 40, -1], [None]),
    ],
    ids=["before the training, twice", "counted down", "none"],
)
def test_what_minus_one_counts(tmp_path, steps, counts):
    losses = np.tile(np.geomspace(2, 1, len(steps) // len(counts)), len(counts))
    losses = losses[::-1] if steps[0] > steps[1] else losses
    text = "step,loss\n" + "".join(f"{k},{a}\n" for k, a in zip(steps, losses, strict=True))
    log = read_log(written(tmp_path, text, "log.csv"))
    found = [run.x[np.isfinite(run.x)].tolist() if run.x is not None else None for run in log.runs]
    assert found == counts


def test_an_inner_loop_that_converges_goes_on(tmp_path):
    """Each call of a solver counts its steps from 1, and begins where the last one ended."""
    losses = 2 / (1 + 0.2 * np.arange(24))
    text = ""
    for k, loss in enumerate(losses):
        text += f"iter {k % 6 + 1} loss {loss:.4f}\n"
        text += "converged in 6 iterations\n" if k % 6 == 5 else ""
    log = read_log(written(tmp_path, text, "out.log"))
    assert [len(run.loss) for run in log.runs] == [24]


def test_a_last_count_with_its_unit_is_a_row(tmp_path):
    for last in ("11/11", "11 s"):
        rows = [*map(str, range(1, 11)), last]
        text = "epoch,loss\n" + "".join(f"{at},{2 / (k + 1)}\n" for k, at in enumerate(rows))
        assert len(read_log(written(tmp_path, text, "log.csv")).runs[0].loss) == 11
    text = text.replace("11 s", "Mittelwert")
    assert len(read_log(written(tmp_path, text, "log.csv")).runs[0].loss) == 10


def test_a_few_means_do_not_take_the_place_of_the_rest(tmp_path):
    text = "step,loss,loss_mean\n"
    text += "".join(f"{k},{2 / (k + 1)},{0.5 if k % 4 == 3 else ''}\n" for k in range(12))
    assert len(read_log(written(tmp_path, text, "log.csv")).runs[0].loss) == 12
