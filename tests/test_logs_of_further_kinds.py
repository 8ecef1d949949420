"""Logs that count, name and interrupt in ways of their own: read as who reads them would."""

# ruff: noqa: E501 (lines of logs are as long as programs print them)

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from simopt.curves.logs import read_log
from simopt.curves.logs.names import parse
from tests.test_logs import HELD, LOSS, NAN, T, lines, one, same, written
from tests.test_logs_of_libraries import ROWS, rows

N = T + 1
A, B = LOSS.tolist(), HELD.tolist()
DAYS = [str(day) for day in pd.date_range("2026-01-01", periods=len(T)).date]


@pytest.mark.parametrize(
    "name",
    [
        *("step_i", "iter_num", "step_idx", "epoch_no", "nb_epoch", "batch_id", "optimizer_step"),
        *("total_steps", "steps_done", "boosting_round", "tokens", "tokens_seen", "samples"),
        *("n_samples", "images", "kimg", "timestep", "frames", "cycle", "generation", "elapsed"),
        *("hours", "Time(s)", "percent", "day", "i", "t"),
    ],
)
def test_what_counts_rows_by_another_name(tmp_path, name):
    text = rows(f"{name},loss,val_loss", "{n},{a},{b}")
    run = one(read_log(written(tmp_path, text)))
    same(run)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize("name", ["tokens", "samples", "time", "frames"])
def test_what_differs_from_row_to_row_counts_none(tmp_path, name):
    """Tokens of a batch are as many as they are: rows stay in their order."""
    text = f"{name},loss\n" + "".join(f"{500 + 7 * k % 11},{a}\n" for k, a, _ in ROWS)
    run = one(read_log(written(tmp_path, text)))
    same(run, held=None)
    assert run.x is None or name == "time"


@pytest.mark.parametrize(
    "position",
    [
        "ep {n}/40,",
        "it {n}/40",
        "epoch_idx {n}/40",
        "num_steps {n}",
        "gen {n}:",
        "{n}epoch results:",
    ],
)
def test_positions_by_another_name(tmp_path, position):
    text = lines(position + " train loss {a}, val loss {b}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


def test_a_loss_of_steps_is_no_position(tmp_path):
    text = lines("epoch {n} Train Loss/epoch: {a}, Val Loss/epoch: {b}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize(
    ("training", "held"),
    [
        ("in_sample_loss", "out_of_sample_loss"),
        ("loss_t", "loss_v"),
        ("tloss", "vloss"),
        ("t_loss", "v_loss"),
        ("tr_loss", "vl_loss"),
        ("perte", "perte_validation"),
    ],
)
def test_parts_of_the_data_by_another_name(tmp_path, training, held):
    same(one(read_log(written(tmp_path, rows(f"epoch,{training},{held}", "{n},{a},{b}")))))
    text = lines(f"epoch {{n}}: {training}: {{a}}, {held}: {{b}}")
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_a_total_and_an_agents_values_are_no_parts_of_the_data(tmp_path):
    same(one(read_log(written(tmp_path, rows("epoch,t_loss", "{n},{a}")))), held=None)
    run = one(
        read_log(written(tmp_path, rows("step,v_loss,pi_loss,t_loss,value", "{n},1,2,{a},3")))
    )
    assert run.validation is None


@pytest.mark.parametrize(
    "line",
    [
        "epoch {n}: loss [train]: {a}, loss [val]: {b}",
        "epoch {n}: loss train [-]: {a}, loss val [-]: {b}",
        "epoch {n} loss [[{a}]] val_loss [[{b}]]",
        "epoch: [ {n}/40], loss:[{a}/9.5], val_loss:[{b}/9.5]",
        "epoch {n} | train loss: {a}   test loss: {b}   steps without progress: train=0, test=0",
    ],
)
def test_what_stands_around_a_name_and_its_number(tmp_path, line):
    same(one(read_log(written(tmp_path, lines(line), "out.log"))))


def test_headings_at_the_ends_of_lines(tmp_path):
    """Ignite's log of an evaluation; all of it was one curve of twice the length."""
    said = "2026-01-01 12:00:00,123 INFO: Epoch[{n}] - Evaluation time (seconds): 1.500 - "
    text = lines(f"{said}train metrics:\n    loss: {{a}}\n{said}val metrics:\n    loss: {{b}}")
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


def test_keras_tells_of_its_checkpoint_before_the_bar_ends(tmp_path):
    """The bar is drawn to its end once more below the message, with what was validated."""
    text = lines(
        "Epoch {n}/40\n\n8/8 [==============================] - ETA: 0s - loss: 9.5\b\b\b\b\n"
        "Epoch {n}: val_loss did not improve from 0.1\n"
        "8/8 [==============================] - 0s 5ms/step - loss: {a} - val_loss: {b}"
    )
    same(one(read_log(written(tmp_path, text, "out.log"))))


def test_litgpt_says_the_last_validation_again_in_each_line(tmp_path):
    text, last = "", "n/a"
    for n, (_, a, b) in enumerate(ROWS, 1):
        text += (
            f"Epoch 1 | iter {n} step {n} | loss train: {a}, val: {last} | iter time: 300.0 ms\n"
        )
        if n % 10 == 0:
            text += f"iter {n}: val loss {b}, val time: 3000.00 ms\n"
            last = f"{b:.3f}"
    run = one(read_log(written(tmp_path, text, "out.log")))
    same(run, held=np.where(N % 10 == 0, HELD, NAN))


@pytest.mark.parametrize("at", [0, 20, 40])
def test_a_drawn_table_that_counts_nothing_hides_no_lines(tmp_path, at):
    text = lines("epoch {n} loss {a} val_loss {b}").splitlines(True)
    text.insert(
        at,
        "\n| model | params | loss |\n|---|---|---|\n| a | 12 | 0.5 |\n| b | 13 | 0.6 |\n| c | 14 | 0.7 |\n\n",
    )
    run = one(read_log(written(tmp_path, "".join(text), "out.log")))
    same(run)
    np.testing.assert_array_equal(run.x, N)


@pytest.mark.parametrize("at", [0, 7, 39])
def test_a_position_that_a_row_lacks(tmp_path, at):
    text = "".join(f"{'' if k == at else 100 * k},{a},{b}\n" for k, a, b in ROWS)
    run = one(read_log(written(tmp_path, "step,loss,val_loss\n" + text)))
    same(run)
    np.testing.assert_array_equal(run.x, 100 * T)


def test_a_position_among_uneven_ones_is_not_made_up(tmp_path):
    text = "".join(f"{'' if k == 7 else k * k},{a}\n" for k, a, _ in ROWS)
    run = one(read_log(written(tmp_path, "step,loss\n" + text)))
    same(run, held=None)
    assert run.x is None


def test_a_header_above_each_row_is_of_one_run(tmp_path):
    """pandas' to_csv in mode "a" writes it each time."""
    header = "epoch,loss,val_loss\n"
    run = one(read_log(written(tmp_path, "".join(header + f"{k},{a},{b}\n" for k, a, b in ROWS))))
    same(run)
    assert len(read_log(written(tmp_path, 2 * (header + lines("{k},{a},{b}"))))) == 2


def test_rows_with_another_separator_than_the_header(tmp_path):
    """They were taken for messages, so that half of the curve was missing."""
    body = lines("{k},{a},{b}").splitlines(True)
    text = "epoch,loss,val_loss\n" + "".join(body[:20]) + "".join(body[20:]).replace(",", ";")
    run = one(read_log(written(tmp_path, text)))
    same(run)
    assert any("separator" in note for note in run.notes)


@pytest.mark.parametrize(
    ("one_runs", "others"), [("run_a_loss", "run_b_loss"), ("model_1/loss", "model_2/loss")]
)
def test_runs_side_by_side_are_no_terms_of_a_sum(tmp_path, one_runs, others):
    log = read_log(written(tmp_path, rows(f"epoch,{one_runs},{others}", "{n},{a},{b}")))
    np.testing.assert_allclose([run.loss for run in log], [LOSS, HELD])


@pytest.mark.parametrize(
    "mark", ["rank={} ", "local_rank: {} ", "R{} | ", "worker-{}.train.svc | ", "[rank{}]: "]
)
def test_what_several_processes_write(tmp_path, mark):
    text = lines(f"{mark.format(0)}epoch={{n}} loss={{a}}\n{mark.format(1)}epoch={{n}} loss=9.5")
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_losses_of_two_kinds_of_data_are_terms_of_one(tmp_path):
    total = LOSS + HELD
    text = rows("step,image/loss,text/loss", "{n},{a},{b}")
    same(one(read_log(written(tmp_path, text))), total, None)
    same(
        one(read_log({"step": N.tolist(), "image": {"loss": A}, "text": {"loss": B}})), total, None
    )
    text = lines("step {n} image: loss {a} text: loss {b}")
    same(one(read_log(written(tmp_path, text, "out.log"))), total, None)
    runs = read_log({"step": N.tolist(), "adam": {"loss": A}, "sgd": {"loss": B}})
    assert [run.name for run in runs] == ["adam", "sgd"]


@pytest.mark.parametrize(
    "names", [DAYS, [f"{day}T12:00:00Z" for day in DAYS], [f"ckpt-{k}.pt" for k in T]]
)
def test_epochs_that_are_called_by_dates_or_files(tmp_path, names):
    records = {
        name: {"loss": a, "val_loss": b} for name, (_, a, b) in zip(names, ROWS, strict=True)
    }
    same(one(read_log(records)))
    same(one(read_log(written(tmp_path, json.dumps(records), "a.json"))))
    same(one(read_log(written(tmp_path, json.dumps({"epochs": records}), "a.json"))))


def test_days_one_after_the_other_are_epochs_and_no_runs():
    frame = pd.DataFrame({"name": DAYS, "loss": LOSS, "val_loss": HELD})
    same(one(read_log(frame)))
    with pytest.raises(ValueError, match="a table of runs"):
        read_log(frame.rename(columns={"name": "run"}))
    with pytest.raises(ValueError, match="a table of runs"):
        read_log(frame.assign(name=[DAYS[k * (k + 1) % 37] + f" 12:00:{k:02}" for k in T]))


@pytest.mark.parametrize("word", ["qnan", "sNaN", "+nan.0", "NaNQ", "nan(0x8)"])
def test_nan_by_another_name(tmp_path, word):
    text = "epoch,loss,acc\n" + lines("{k},{a},0.5") + f"40,{word},0.5\n"
    same(one(read_log(written(tmp_path, text))), [*A, NAN], None)


@pytest.mark.parametrize("word", ["qnan", "snan", "nan.0", "∞", "inf.0"])
def test_no_number_in_a_line_by_another_name(tmp_path, word):
    text = lines("epoch {k} loss {a} acc 0.5") + f"epoch 40 loss {word} acc 0.5\n"
    last = np.inf if word in ("∞", "inf.0") else NAN
    same(one(read_log(written(tmp_path, text, "out.log"))), [*A, last], None)


def test_cells_of_a_spreadsheet(tmp_path):
    same(one(read_log(written(tmp_path, rows("epoch,loss,val_loss", '="{n}",="{a}",="{b}"')))))
    run = one(read_log(written(tmp_path, rows("step;loss", "{n} 000;{a}"))))
    same(run, held=None)
    np.testing.assert_array_equal(run.x, 1000 * N)
    text = rows("||epoch||loss||val_loss||", "|{n}|{a}|{b}|")
    same(one(read_log(written(tmp_path, text, "a.txt"))))


def test_a_total_is_taken_before_its_terms(tmp_path):
    text = "".join(f"step {k} | total {a} | ce {a - 0.25:.4f} | time 3\n" for k, a, _ in ROWS)
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)
    text = "".join(f"step {k} | ce {a} | total {9 + k}\n" for k, a, _ in ROWS)  # of its seconds
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_what_did_not_improve_is_no_loss():
    assert parse("val_loss did not improve from").kind == "other"


def test_kaldis_objective_of_chains(tmp_path):
    text = lines(
        "LOG (nnet3-chain-train[5.5]:PrintTotalStats():nnet-training.cc:348) Overall average objective function for 'output' is -{a} over 123456 frames."
    )
    same(one(read_log(written(tmp_path, text, "out.log"))), -LOSS, None)


#: What the rules above might take by mistake for what they are about.
@pytest.mark.parametrize(
    ("header", "row", "counter"),
    [
        ("epoch,total,rmse", "{n},60000,{a}", N),
        ("epoch,total,mse", "{n},12.5,{a}", N),
        ("epoch,nans,loss", "{n},0,{a}", N),
        ("min,max,loss", "{n},{n},{a}", None),
        ("time_per_step,loss", "{n}.5,{a}", None),
        ("rank,loss", "8,{a}", None),
    ],
)
def test_numbers_that_are_no_loss_and_count_no_rows(tmp_path, header, row, counter):
    run = one(read_log(written(tmp_path, rows(header, row))))
    same(run, held=None)
    assert run.x is None if counter is None else (run.x == counter).all()


def test_a_total_that_goes_where_its_term_goes_is_the_loss(tmp_path):
    text = "epoch,total,mse\n" + "".join(f"{k + 1},{a + b},{b}\n" for k, a, b in ROWS)
    np.testing.assert_allclose(one(read_log(written(tmp_path, text))).loss, LOSS + HELD)


@pytest.mark.parametrize("names", ["loss,loss_t,loss_v", "loss_u,loss_v,loss_t", "l_loss,vl_loss"])
def test_letters_beside_other_losses_are_terms_or_parts_of_a_model(tmp_path, names):
    cells = ",".join(["{a}", "{b}", "{b}"][: 1 + names.count(",")])
    run = one(read_log(written(tmp_path, rows(f"epoch,{names}", "{n}," + cells))))
    assert run.validation is None


@pytest.mark.parametrize(
    "names", [("baseline", "ours"), ("resnet", "vit"), ("large", "small"), ("with", "without")]
)
def test_runs_that_share_their_steps_are_runs(tmp_path, names):
    parts = {name: {"loss": loss} for name, loss in zip(names, (A, B), strict=True)}
    found = read_log(written(tmp_path, json.dumps({"step": N.tolist(), **parts}), "log.json"))
    assert [run.loss.tolist() for run in found] == [A, B]


def test_a_rank_that_is_a_setting_names_no_process(tmp_path):
    text = "".join(f"rank={r} step {k + 1} loss {a}\n" for r in (8, 16) for k, a, _ in ROWS)
    assert sum(len(run.loss) for run in read_log(written(tmp_path, text, "out.log"))) == 2 * len(T)


@pytest.mark.parametrize("labels", [("old", "new"), ("student", "teacher"), ("batch", "epoch")])
def test_a_loss_said_in_two_ways_is_read_as_first_said(tmp_path, labels):
    text = lines(f"step {{n}} {labels[0]}: loss {{a}} {labels[1]}: loss {{b}}")
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_a_message_of_as_many_words_is_no_row_of_another_separator(tmp_path):
    text = rows("epoch,loss,val_loss", "{n},{a},{b}").splitlines(keepends=True)
    run = one(read_log(written(tmp_path, "".join([*text[:20], "saved;1;2\n", *text[20:]]))))
    same(run)
    np.testing.assert_array_equal(run.x, N)


def test_a_heading_before_an_evaluation_is_none_of_it(tmp_path):
    text = lines("epoch {n} loss: {a}\nsaving before eval:")
    same(one(read_log(written(tmp_path, text, "out.log"))), held=None)


def test_both_losses_of_a_game_are_of_one_run(tmp_path):
    text = rows("epoch,model_g_loss,model_d_loss", "{n},{a},{b}")
    same(one(read_log(written(tmp_path, text))), held=None)
    said = read_log(written(tmp_path, lines("step {n} loss gen: {a} loss disc: {b}"), "out.log"))
    same(one(said), held=None)


@pytest.mark.parametrize(("name", "runs"), [("run_{}.json", len(T)), ("exported_{}.pt", 1)])
def test_files_named_for_runs_hold_what_each_came_to(tmp_path, name, runs):
    text = json.dumps({name.format(k): {"loss": a} for k, a, _ in ROWS})
    assert len(read_log(written(tmp_path, text, "log.json"))) == runs


def test_a_column_beside_a_part_of_the_data_is_the_training(tmp_path):
    same(one(read_log({"train": A, "val": {"loss": B}})), held=None)
