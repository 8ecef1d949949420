"""Several rules on one page, from Python and from the command line; an option given twice."""

import re

import click
import pytest

import simopt
from simopt import problems, report
from simopt.cli import main as cli
from simopt.cli import parsing
from simopt.display import scoreboard
from simopt.ground.formatting import number
from simopt.rules import OPTIMIZERS

RULES = [simopt.SGD(eta=0.01), simopt.Momentum(eta=0.01), simopt.Adam(eta=0.1)]
EVIL = "<script>alert(1)</script>"


def command(*arguments):
    with pytest.raises(SystemExit) as end:
        cli.main(list(map(str, arguments)))
    return end.value.code


def test_the_board_has_the_losses_of_run():
    four = problems.four_points()
    runs, values = scoreboard.values(four, RULES, None, epochs=30)
    losses = scoreboard.by_epoch(dict(zip(scoreboard.names(RULES), runs, strict=True)))
    assert losses.shape == (30, 3)
    for rule in RULES:
        alone = simopt.run(four, rule, epochs=30)
        assert losses[rule.name].iloc[-1] == alone.summary["loss"]
        assert losses[rule.name].iloc[0] == alone.steps["loss"].iloc[3]
    order = re.findall(r'<th scope="row">([^<]+)</th>', values["board"])
    assert order == list(losses.iloc[-1].sort_values().index)
    best = losses.iloc[-1].idxmin()
    assert f"after 30 {best}, " in values["outcome"]
    # Of each the updates of the first epoch.
    assert [len(rule["steps"]) for rule in values["rules"]] == [4, 4, 4]
    assert values["rules"][0]["left_out"] == "116 more updates"


def test_what_diverges_is_said_and_drawn_to_where_it_does():
    rules = [simopt.SGD(eta=10.0), simopt.Adam(eta=0.1)]
    _, values = scoreboard.values(problems.four_points(), rules, 2, epochs=200)
    assert values["outcome"].endswith("; SGD diverges.")
    assert "diverged" in values["board"]
    assert [len(rule["steps"]) for rule in values["rules"]] == [2, 2]
    assert "Loss by epoch" in values["figure"]


def test_a_page_of_several_rules(tmp_path):
    points = problems.least_squares([1.0, 2.0], [3.0, 7.0], name=EVIL)
    text = report.walkthrough_page(tmp_path / "mine.html", points, RULES, epochs=5).read_text(
        encoding="utf-8"
    )
    assert EVIL not in text
    for rule in RULES:
        assert f"<h3>{rule.name}</h3>" in text
    assert text.count("<details>") == 3 * 2
    one = report.walkthrough_page(tmp_path / "one.html", points, RULES[:1])
    same = report.walkthrough_page(tmp_path / "same.html", points, RULES[0])
    assert one.read_text(encoding="utf-8") == same.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="optimizer=\\[\\]: must be an optimizer such as"):
        report.walkthrough_page(tmp_path / "none.html", points, [])


def test_two_of_one_rule_go_by_their_settings(tmp_path):
    rules = [simopt.SGD(eta=0.01), simopt.SGD(eta=0.02)]
    page = report.walkthrough_page(tmp_path / "two.html", problems.four_points(), rules)
    assert "<h3>SGD(eta=0.02)</h3>" in page.read_text(encoding="utf-8")


def test_the_command_compares_all_on_ones_own_points(tmp_path, capsys):
    table, page = tmp_path / "points.csv", tmp_path / "board.html"
    table.write_text("km,price\n1,2.5\n3,4\n2,3\n")
    options = ("--target", "price", "--optimizer", "all", "--set", "beta=0.8", "--page", page)
    assert command("walkthrough", "--data", table, *options) == 0
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text(encoding="utf-8")
    assert "loss, epoch 100" in text
    assert re.findall("<h3>(.*?)</h3>", text) == list(OPTIMIZERS)
    assert "β = 0.8" in text


def test_several_in_the_terminal_come_one_after_the_other(capsys):
    assert command("walkthrough", "--optimizer", "sgd", "--optimizer", "Adam") == 0
    said = capsys.readouterr().out
    assert said.index("SGD(eta=0.1) on four_points") < said.index("Adam(eta=0.1")
    assert "in epoch 2" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--optimizer", "sgd", "--optimizer", "SGD"],
            "--optimizer='SGD': must be each of several",
        ),
        (["--optimizer", "all", "--set", "nothing=1"], "--set='nothing': must be a setting of SGD"),
        (["--optimizer", "sgd", "--optimizer", "none"], "none"),
        (["--eta", "0.1", "--eta", "0.2"], "--eta: given 2 times; it takes one value"),
        (["--page", "a.html", "--page", "b.html"], "--page: given 2 times; it takes one value"),
        (["--intercept", "--intercept"], "--intercept: given 2 times"),
    ],
)
def test_what_is_not_meant_is_refused(capsys, arguments, said):
    assert command("walkthrough", *arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(cli.commands.commands))
def test_no_command_takes_the_last_of_two(capsys, name):
    given = cli.commands.commands[name].params
    single = [p for p in given if isinstance(p, click.Option) and not p.multiple and not p.is_flag]
    option = max(single[0].opts, key=len)
    assert command(name, option, "1", option, "2", "x") == 2
    assert f"{option}: given 2 times" in capsys.readouterr().err


def test_all_are_the_documents_seven():
    assert [each.name for each in parsing.optimizers(["all"], {"eta": 0.1})] == list(OPTIMIZERS)


def test_rules_that_end_above_the_start_are_named():
    four = problems.four_points()
    rules = [simopt.SGD(eta=0.1), simopt.Momentum(eta=0.1)]
    runs, values = scoreboard.values(four, rules, 1, epochs=100)
    start = four.loss(four.w0)
    assert runs[0].steps["loss"].iloc[-1] < start < runs[1].steps["loss"].iloc[-1]
    assert values["outcome"].endswith(
        f"; Momentum ends above the loss at the start, {number(start, 3)}."
    )
    assert values["outcome"] in str(values["figure"])
