"""A recommendation: its rows, its search, what it promises, what it says, and its page."""

from __future__ import annotations

import ast
import dataclasses
import re
import shutil
from functools import partial

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems
from simopt.analysis.recommendation import data, judging, sentences, study, tuning
from simopt.sweeps.sweep import Interrupted

QUICK = {"optimizers": ["SGD", "Adam"], "budget": 0.02, "progress": False}


def table(n=120, noise=0.5, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 3)) * [1.0, 30.0, 0.01] + [5.0, 0.0, 1.0]
    y = 100 + 20 * (x - x.mean(axis=0)) / x.std(axis=0) @ [1.0, -2.0, 0.5]
    return pd.DataFrame(x, columns=["a", "b", "c"]).assign(
        price=y + 20 * noise * generator.normal(size=n)
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "houses.csv"
    table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def made(path):
    return simopt.recommend(path, "price", **QUICK)


def test_the_three_parts_are_standardised_by_the_first(path):
    parts = data.split(data.from_file(path, "price", None), 0, 10**6)
    assert (parts.train.n, parts.validation.n, parts.test.n) == (72, 24, 24)
    np.testing.assert_allclose(parts.train.x[:, :-1].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(parts.train.x[:, :-1].std(axis=0), 1)
    assert abs(parts.test.x[:, :-1].mean(axis=0)).max() > 1e-3
    # No row is in two parts, and none is lost.
    rows = np.vstack([each.x for each in (parts.train, parts.validation, parts.test)])
    assert len(np.unique(rows.round(9), axis=0)) == 120


def test_the_printed_lines_make_the_same_rows(path):
    parts = data.split(data.from_file(path, "price", None), 3, 50)
    same_rows(parts)
    assert parts.train.n == 50


def same_rows(parts):
    """The printed lines make the rows that were trained on and judged by."""
    names: dict = {}
    exec("\n".join(parts.lines), names)
    for rows, part in (("train", parts.train), ("test", parts.test)):
        np.testing.assert_allclose(names["x"][names[rows]], part.x[:, :-1])
        np.testing.assert_allclose(names["y"][names[rows]], part.y)


def test_texts_dates_indices_and_missing_values(tmp_path):
    generator = np.random.default_rng(2)
    frame = table()
    frame["town"] = generator.choice(["Bari", "Rome", "Oslo's"], size=120)
    frame["day"] = pd.date_range("2020-01-01", periods=120).astype(str)
    frame[" b_town "] = frame.pop("b")
    frame.loc[[3, 50], "c"] = np.nan
    frame.loc[7, "price"] = np.nan
    frame["sold"] = np.where(frame["a"] > 5, "yes", "no")
    frame.to_csv(tmp_path / "t.csv")
    with pytest.raises(ValueError, match="column 'c', row 4.*missing='drop'"):
        data.from_file(tmp_path / "t.csv", "price")
    parts = data.split(data.from_file(tmp_path / "t.csv", "price", missing="drop"), 0, 10**6)
    features = ("a", "c", "town_Oslo's", "town_Rome", "b_town", "sold_yes", "intercept")
    assert parts.train.features == features
    assert parts.train.n + parts.validation.n + parts.test.n == 117
    same_rows(parts)
    said = " ".join(parts.said)
    for part in ("'Unnamed: 0'", "'day'", "texts of town and sold", "3 rows that lack a value"):
        assert part in said
    sold = data.from_file(tmp_path / "t.csv", "sold", features=["a", "town"])
    assert (sold.kind, sold.features) == ("logistic", ("a", "town_Oslo's", "town_Rome"))
    assert "sold counts as 1 where it is yes, as 0 where not." in sold.said
    same_rows(data.split(sold, 0, 10**6))


def test_texts_of_rows_that_are_left_out(tmp_path):
    frame = table().assign(town=["Bari", "Oslo", "Rome", "York"] * 30, town_hall=1.0, noted=None)
    frame.loc[frame["town"].isin(["Bari", "York"]), "a"] = np.nan
    frame.loc[0, "noted"] = "once"
    frame.to_csv(tmp_path / "t.csv", index=False)
    read = data.from_file(tmp_path / "t.csv", "price", missing="drop", features=["a", "town"])
    assert read.features == ("a", "town_Rome")
    assert "60 rows that lack a value were left out." in read.said
    same_rows(data.split(read, 0, 10**6))
    (tmp_path / "t.csv").write_text("a,y\n" + "1,2\n3,4\n5,5\n" * 9 + ",7\n")
    read = data.from_file(tmp_path / "t.csv", "y", missing="drop")
    assert read.said == ("1 row that lacks a value was left out.",)


@pytest.mark.parametrize("absent", ["", "  ", "NaN", "?", "#N/A"])
@pytest.mark.parametrize("spaces", [" ", "\t "])
@pytest.mark.parametrize("first", [0, 250])
def test_spaces_around_texts(tmp_path, absent, spaces, first):
    """From the first line on, or only below the lines that show how a text is written."""
    town, sold = ["Bari", "Oslo", "Rome", "St Ives"] * 75, ["yes", "no", "no"] * 100
    rent = [f"${1000 + k * k % 700}.50" for k in range(300)]
    rows = [list(row) for row in zip(town, rent, sold, strict=True)]
    rows[260][0] = rows[270][1] = rows[280][2] = absent
    lines = ["town,rent,sold", *map(",".join, rows[:first])]
    lines += [",".join(f"{spaces}{cell}{spaces}" for cell in row) for row in rows[first:]]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    read = data.from_file(tmp_path / "t.csv", "sold", missing="drop")
    assert read.features == ("town_Oslo", "town_Rome", "town_St Ives", "rent")
    kept = [k for k in range(300) if k not in (260, 270, 280)]
    np.testing.assert_array_equal(read.y, [float(sold[k] == "yes") for k in kept])
    np.testing.assert_array_equal(read.x[:, 1], [float(town[k] == "Rome") for k in kept])
    np.testing.assert_array_equal(read.x[:, 3], [1000.5 + k * k % 700 for k in kept])
    same_rows(data.split(read, 0, 10**6))


def test_spaces_around_texts_of_parquet(tmp_path):
    frame = table().assign(town=["Bari ", " Oslo", "", "Rome"] * 30, rent=["$2.50 ", " $3.50"] * 60)
    frame.to_parquet(tmp_path / "t.parquet")
    read = data.from_file(tmp_path / "t.parquet", "price", missing="drop")
    assert read.features == ("a", "b", "c", "town_Oslo", "town_Rome", "rent")
    assert len(read.y) == 90
    same_rows(data.split(read, 0, 10**6))


def test_a_parquet_file(tmp_path):
    table().to_parquet(tmp_path / "t.parquet")
    same_rows(data.split(data.from_file(tmp_path / "t.parquet", "price"), 0, 10**6))


def test_amounts_in_a_packed_file(tmp_path):
    frame = table()
    written = frame.assign(
        a=[f"{each:,.3f} €" for each in 1000 * frame["a"]],
        c=[f"{100 * each:.4f}%" for each in frame["c"]],
        price=[f"${each:,.2f}" if each > 0 else f"(${-each:,.2f})" for each in 10 * frame["price"]],
    )
    path = tmp_path / "t.csv.gz"
    written.to_csv(path, index=False)
    read = data.from_file(path, "price")
    assert read.name == "t"
    np.testing.assert_array_equal(read.x[:, 0], (1000 * frame["a"]).round(3))
    assert "t: read as numbers 'price' in $" in read.said[0]
    same_rows(data.split(read, 0, 10**6))


def test_a_constant_column_is_left_out_and_labels_become_0_and_1(tmp_path):
    frame = table().assign(same=0.1)
    frame["price"] = np.where(frame["price"] > 100, 2, 1)
    frame.to_csv(tmp_path / "t.csv", index=False)
    parts = data.split(data.from_file(tmp_path / "t.csv", "price", None), 0, 10**6)
    assert parts.train.kind == "logistic"
    assert parts.train.features == ("a", "b", "c", "intercept")
    assert any("same" in each for each in parts.said)
    assert any("2 (counted as 1) or 1 (as 0)" in each for each in parts.said)
    same_rows(parts)


def test_the_promise_is_what_single_runs_end_at(made):
    parts = made.parts
    ends = []
    for k in range(study.FRESH):
        run = simopt.run(
            parts.train, made.optimizer, batch_size=made.batch_size, epochs=made.epochs,
            shuffle="epoch", seed=study.FIRST_FRESH + k,
        )  # fmt: skip
        z = parts.test.x @ [run.summary[f"w_{j}"] for j in range(parts.test.d)]
        ends.append(np.mean((z - parts.test.y) ** 2))
    ordered = np.sort(ends)
    places = [round(q * (study.FRESH - 1)) for q in (0.5, 0.05, 0.95)]
    np.testing.assert_allclose([made.loss, made.low, made.high], ordered[places], rtol=1e-9)
    np.testing.assert_allclose(
        [made.score_high, made.score_low], 1 - ordered[places[1:]] / parts.test.y.var(), rtol=1e-9
    )


def test_it_predicts_about_as_well_as_the_least_squares_solution(made):
    least = made.parts.test.loss(made.parts.train.minimizer)
    assert made.explains
    assert made.loss < least + 0.1 * (made.constant_loss - least)


def test_orders_and_seeds_are_new_to_the_settings():
    tuned = {*tuning.FIRST_SEEDS, *tuning.SEEDS}
    assert not tuned & set(range(study.FIRST_FRESH, study.FIRST_FRESH + study.FRESH))


def test_the_same_seed_gives_the_same_and_threads_do_not_matter(made, path):
    again = simopt.recommend(path, "price", threads=1, **QUICK)
    pd.testing.assert_frame_equal(again.ranking, made.ranking, check_exact=True)
    pd.testing.assert_frame_equal(again.trials, made.trials, check_exact=True)
    assert again.code == made.code
    other = simopt.recommend(path, "price", seed=1, **QUICK)
    assert not other.ranking["loss"].equals(made.ranking["loss"])


def test_every_optimizer_has_the_same_budget(made):
    sgd, adam = made.trials.groupby("optimizer").size()
    assert sgd == adam


def test_a_problem_gives_what_its_table_gives(made, path):
    problem = problems.read_table(path, "price")
    again = simopt.recommend(problem, **QUICK)
    assert again.ranking.equals(made.ranking)
    names = {"problem": problem}
    exec("\n".join(again.parts.lines), names)
    np.testing.assert_allclose(names["x"][names["test"]], again.parts.test.x[:, :-1])


def test_a_lower_loss_of_another_optimizer_is_explained(made):
    other = made.ranking["verdict"] != "recommended"

    def verdicts(loss, verdict):
        ranking = made.ranking.assign(
            loss=made.ranking["loss"].where(~other, loss),
            verdict=made.ranking["verdict"].where(~other, verdict),
        )
        return " ".join(sentences.verdicts(dataclasses.replace(made, ranking=ranking)))

    lower = verdicts(0.9 * made.loss, "can't tell")
    assert f"has the least loss, {sentences.loss(0.9 * made.loss)}, by less than can" in lower
    assert "was chosen on the validation rows" not in verdicts(1.1 * made.loss, "can't tell")
    assert "how much the rows decide" in verdicts(0.5 * made.loss, "better")


@pytest.mark.parametrize(
    ("share", "said"),
    [(-0.5, ", no worse."), (0.5, ", no further off than another order"), (1.5, ": it rises by")],
)
def test_a_default_rate_is_worse_by_more_than_orders_differ(made, share, said):
    frame = made.frameworks
    lost = frame["loss"] + share * (frame["high"] - frame["loss"])
    found = dataclasses.replace(made, frameworks=frame.assign(default_loss=lost))
    told = [line for line in sentences.worth(found) if line.startswith("With the default rate")]
    assert told
    assert all(said in line for line in told)


def test_noise_is_said_to_be_noise(tmp_path):
    generator = np.random.default_rng(5)
    frame = pd.DataFrame(generator.normal(size=(100, 4)), columns=list("abcy"))
    frame.to_csv(tmp_path / "noise.csv", index=False)
    found = simopt.recommend(tmp_path / "noise.csv", "y", **QUICK)
    assert not found.explains
    assert "no better than a constant" in " ".join(str(found).split())


@pytest.mark.parametrize(
    ("kind", "score"), [("logistic", "accuracy"), ("huber", "R2"), ("poisson", "D2")]
)
def test_other_losses(tmp_path, kind, score):
    frame = table(600)
    generator = np.random.default_rng(1)
    z = (frame["price"] - 100) / 40
    if kind == "logistic":
        frame["price"] = (generator.random(len(z)) < 1 / (1 + np.exp(-3 * z))).astype(int)
    if kind == "poisson":
        frame["price"] = generator.poisson(np.exp(z))
    frame.to_csv(tmp_path / "t.csv", index=False)
    given = {**QUICK, "optimizers": ["SGD"]}
    found = simopt.recommend(tmp_path / "t.csv", "price", kind=kind, **given)
    assert found.score_name == score
    assert found.explains
    least = found.parts.test.loss(found.parts.train.minimizer)
    assert found.loss < least + 0.15 * (found.constant_loss - least)
    assert set(found.code) == {"torch", "keras", "optax"} | (
        set() if kind == "poisson" else {"sklearn"}
    )
    if kind == "poisson":
        assert "trains no Poisson regression" in " ".join(str(found).split())
    assert 0 < found.score <= 1


def test_scores_are_those_of_their_definitions():
    problem = problems.logistic(np.array([1.0, -1.0, 2.0]), np.array([1.0, 0.0, 0.0]))
    z = np.array([[3.0, -2.0, 1.0], [-1.0, -1.0, -1.0]])
    np.testing.assert_allclose(judging.score(problem, z, np.zeros(2)), [2 / 3, 2 / 3])
    counts = problems.poisson(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 4.0]))
    constant = np.array([0.0, np.log(2.0)])
    perfect = np.log(np.array([1e-12, 2.0, 4.0]))
    np.testing.assert_allclose(judging.score(counts, perfect, constant), 1, atol=1e-9)
    np.testing.assert_allclose(
        judging.score(counts, np.full(3, np.log(2.0)), constant), 0, atol=1e-12
    )


def test_what_is_better_for_every_order_and_row_is_told_apart_and_noise_is_not():
    generator = np.random.default_rng(0)
    rows = generator.gamma(1.0, size=(16, 300))
    middle, low, high = judging.difference(rows + 0.1, rows, 0)
    assert middle == pytest.approx(0.1)
    assert low == pytest.approx(0.1)
    assert high == pytest.approx(0.1)
    same = [
        judging.difference(*generator.gamma(1.0, size=(2, 16, 300)), seed) for seed in range(40)
    ]
    # 95 % intervals of no difference: the median over orders makes them a little wide.
    assert sum(low <= 0 <= high for _, low, high in same) >= 35
    gone = np.full((16, 300), np.inf)
    assert judging.difference(gone, rows, 0) == (np.inf, np.inf, np.inf)
    assert judging.difference(gone, gone, 0) == (0.0, 0.0, 0.0)


def test_a_rate_at_the_brink_is_none_to_choose():
    # The lowest loss, in the fewest epochs, is beside rates that diverge.
    rates = [0.1, 0.2, 0.3, 0.4, 0.5]
    losses = np.array([[5, 1.0], [5, 1.0], [5, 1.0], [0.9, 0.9], [np.inf, np.inf]])
    size, rate, epochs = tuning._choose({8: (rates, losses)}, 10.0)
    assert (size, rate, epochs) == (8, 0.1, 2)


def test_equally_good_in_fewer_epochs_and_larger_batches_is_chosen():
    flat = np.ones((3, 4))
    slow = np.array([[3, 2, 1, 1.0]] * 3)
    rates = [0.1, 0.2, 0.3]
    assert tuning._choose({1: (rates, slow), 8: (rates, slow)}, 5.0) == (8, 0.1, 3)
    assert tuning._choose({1: (rates, flat), 8: (rates, slow)}, 5.0) == (1, 0.1, 1)


def test_a_large_table_is_sampled_and_says_so():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60_000, 5))
    problem = problems.least_squares(x, x @ np.ones(5) + generator.normal(size=60_000))
    parts = data.split(data.from_problem(problem), 0, 2_000)
    assert (parts.train.n, parts.test.n) == (2_000, data.MOST_HELD_OUT)
    assert any("The other 38,000 rows were left out" in each for each in parts.said)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"problem": "PATH"}, "target=None"),
        ({"problem": "PATH", "target": "cost"}, "target='cost'"),
        ({"problem": 3, "target": "a"}, "problem=3"),
        ({"problem": "PATH", "target": "price", "kind": "hinge"}, "kind='hinge'"),
        ({"problem": "PATH", "target": "price", "kind": "poisson"}, "column 'price', row 47"),
        ({"problem": "PATH", "target": "price", "features": ["d"]}, "features='d'"),
        ({"problem": "PATH", "target": "price", "missing": "fill"}, "missing='fill'"),
        ({"problem": problems.hubble(), "features": ["a"]}, "features=['a']"),
        ({"problem": "PATH", "target": "price", "budget": 0}, "budget=0"),
        ({"problem": "PATH", "target": "price", "seed": -1}, "seed=-1"),
        ({"problem": "PATH", "target": "price", "optimizers": "SGD"}, "optimizers='SGD'"),
        ({"problem": "PATH", "target": "price", "optimizers": ["LBFGS"]}, "optimizers='LBFGS'"),
        ({"problem": "PATH", "target": "price", "batch_sizes": [0]}, "batch_sizes=0"),
        ({"problem": "PATH", "target": "price", "batch_sizes": [10**6]}, "batch_sizes=1000000"),
        ({"problem": problems.hubble(), "target": "y"}, "target='y'"),
        ({"problem": problems.hubble()}, "24 rows: must be at least 25"),
        ({"problem": problems.least_squares(np.arange(40.0), np.ones(40))}, "have one value"),
        ({"problem": problems.least_squares(np.ones(40), np.arange(40.0))}, "constant"),
        ({"problem": problems.least_squares(np.arange(40.0), np.arange(40.0), l2=1.0)}, "l2"),
        ({"problem": problems.double_well()}, "a regression such as"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(path, given, said):
    if given["problem"] == "PATH":
        given = {**given, "problem": path}
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        simopt.recommend(**given)
    assert "\n" not in str(error.value)


def interrupted_after_one(monkeypatch):
    whole = study._Work.add

    def add(self, optimizer):
        if self.judged:
            raise KeyboardInterrupt
        whole(self, optimizer)

    monkeypatch.setattr(study._Work, "add", add)


def test_an_interrupt_of_the_first_tuning_promises_no_rows(monkeypatch, path):
    """The rows of a sweep inside are nothing that was asked for."""
    whole = tuning.sweep

    def interrupted(*given, **how):
        raise Interrupted(whole(*given, **how))

    monkeypatch.setattr(tuning, "sweep", interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        simopt.recommend(path, "price", **QUICK)
    assert type(stopped.value) is KeyboardInterrupt
    assert str(stopped.value) == "interrupted before an optimizer was judged; nothing is kept"


def test_an_interrupt_keeps_what_is_done(monkeypatch, path, made):
    interrupted_after_one(monkeypatch)
    with pytest.raises(simopt.recommendation.RecommendationInterrupted) as stopped:
        simopt.recommend(path, "price", **QUICK)
    found = stopped.value.recommendation
    assert found.optimizer.name == "SGD"
    assert found.unfinished == ("Adam",)
    assert "Interrupted before Adam: not compared." in str(found)
    row = made.ranking.set_index("optimizer").loc["SGD"]
    assert found.loss == row["loss"]


@pytest.fixture
def command(simopt_command):
    return partial(simopt_command, "recommend")


FAST = ("--optimizer", "sgd", "--optimizer", "adam", "--budget", "0.02")


def test_how_a_text_is_written_may_be_said(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = table(30).assign(Größe=np.arange(30) ** 2 % 7)
    frame.to_csv("t.csv", index=False, sep=":", decimal=",", encoding="cp1252")
    status, out, error = command("t.csv", "price", *FAST)
    assert (status, out) == (2, "")
    assert "must be text in utf-8 (--encoding 'cp1252' is what Windows" in error
    how = {"sep": ":", "decimal": ",", "encoding": "cp1252"}
    read = data.from_file("t.csv", "price", **how)
    np.testing.assert_array_equal(read.x, frame.drop(columns="price"))
    same_rows(data.split(read, 0, 10**6))
    options = [f"--{name}={mark}" for name, mark in how.items()]
    status, out, _ = command("t.csv", "price", *options, *FAST[:2], "--budget", "0.01")
    assert status == 0
    assert "t: price from four features" in out
    with pytest.raises(ValueError, match="decimal=',': must be None with a problem"):
        simopt.recommend(simopt.problems.diabetes(), decimal=",")


def test_the_command_advises_its_own_options(command, tmp_path):
    table(30).assign(id=range(30)).to_csv(tmp_path / "t.csv", index=False)
    _, out, _ = command(tmp_path / "t.csv", "price", *FAST[:2], "--budget", "0.01")
    assert "left out 'id' (an identifier): --feature names the columns" in out


def test_the_command_says_what_the_function_returns(command, path, made):
    status, out, _ = command(path, "price", *FAST)
    assert status == 0
    assert out.strip() == str(made).strip()
    assert f"Recommended: {sentences.setting(made)}." in out
    for start in ("# PyTorch", "# Keras", "# optax", "# scikit-learn"):
        assert start in out


def test_the_command_keeps_what_is_done_when_interrupted(command, monkeypatch, path):
    interrupted_after_one(monkeypatch)
    status, out, _ = command(path, "price", *FAST)
    assert status == 130
    assert "Recommended: SGD" in out
    assert "Interrupted before Adam" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("PATH", "cost"), "target='cost'"),
        (("nothing.csv", "y"), "nothing.csv: No such file"),
        (("PATH", "price", "--page", "x.pdf"), "--page='x.pdf'"),
        (("PATH", "price", "--optimizer", "lbfgs"), "optimizers='lbfgs'"),
        (("PATH", "price", "--budget", "-1"), "budget=-1.0"),
    ],
)
def test_bad_input_of_the_command_is_one_line(command, path, arguments, said):
    status, out, err = command(*(path if each == "PATH" else each for each in arguments))
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


#: What would break out of a page, of a string in Python, or of a figure's text.
EVIL = "<script>alert('x')</script>\"\\{0}$a_1"


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    frame = table().rename(columns={"a": EVIL, "price": EVIL + "y"})
    frame.to_csv(folder / "a <b>'.csv", index=False)
    return folder / "a <b>'.csv"


def test_names_from_data_are_escaped_in_page_and_program(command, evil, tmp_path):
    page = tmp_path / "page.html"
    status, _, _ = command(evil, EVIL + "y", *FAST, "--page", page)
    assert status == 0
    text = page.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "<b>" not in text
    # Nothing is fetched: no address but those of SVG's name spaces.
    assert set(re.findall(r'https?://[^\s"\'<>)]+', text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    found = simopt.recommend(evil, EVIL + "y", **QUICK)
    for program in found.code.values():
        ast.parse(program)
    names: dict = {}
    exec("\n".join(found.parts.lines), names)
    assert names["x"].shape == (120, 3)


def test_the_page_has_what_was_found(made, tmp_path):
    from simopt.report import recommendation_page

    path = recommendation_page(tmp_path / "page.html", made)
    text = path.read_text(encoding="utf-8")
    assert sentences.setting(made) in text
    for program in made.code.values():
        assert program.splitlines()[-1].partition("#")[2].strip() in text
    assert text.count("<svg") == 2
    assert text.count('<div class="table"') == 3
    # A page is told by its title alone, and the same recommendation gives the same page.
    assert recommendation_page(tmp_path / "page.html", made).read_text(encoding="utf-8") == text


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a browser")
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_on_the_page_is_wider_than_the_screen(made, tmp_path, width):
    from simopt.report import recommendation_page
    from tests.browser import Tab

    with Tab(recommendation_page(tmp_path / "page.html", made), width=width) as tab:
        assert tab.run("document.documentElement.scrollWidth") <= width


def test_rows_that_are_repeated_are_said():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 2))
    y = x @ [3.0, -2.0] + rng.normal(size=100)
    once = data.from_problem(problems.least_squares(x, y, intercept=True))
    assert "training rows too" not in " ".join(data.split(once, 0, 1000).said)
    x, y = np.tile(x[:10], (10, 1)), np.tile(y[:10], 10)
    again = data.from_problem(problems.least_squares(x, y, intercept=True))
    assert data.split(again, 0, 1000).said[-1] == (
        "20 of the 20 rows to judge by are among the training rows too: if they are copies, the "
        "losses on them promise too much."
    )


def test_a_seldom_label_needs_a_row_in_each_part(tmp_path):
    frame = pd.DataFrame({"a": np.arange(60.0) ** 2})
    for labels, remedy in ((2, "2 of 60 rows have another, and each of 3"), (3, "another seed")):
        frame["ill"] = np.arange(60) < labels
        frame.to_csv(tmp_path / "t.csv", index=False)
        table = data.from_file(tmp_path / "t.csv", "ill", "logistic")
        orders = (np.random.default_rng(seed).permutation(60) for seed in range(99))
        seed = next(k for k, order in enumerate(orders) if order[:36].min() > 2)
        with pytest.raises(ValueError, match=f"the 36 train rows have one value: .*{remedy}"):
            data.split(table, seed, 10**6)


def test_a_target_of_one_value_is_not_blamed_on_the_seed():
    table = data.from_problem(problems.least_squares(np.arange(40.0), np.ones(40), intercept=True))
    with pytest.raises(ValueError, match="all 40 rows have one value: must differ from row to"):
        data.split(table, 0, 1000)
