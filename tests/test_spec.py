"""A sweep written down in TOML: what it means, and which mistakes are named."""

import inspect
import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems, schedules
from simopt.sweeps import naming, toml

ROOT = Path(__file__).parents[1]

GOOD = """
[problem]
name = "hubble"
w0 = 100

[[optimizers]]
name = "adam"
eta = { from = 0.01, to = 1, points = 3, scale = "log" }
beta1 = [0.5, 0.9]

[[optimizers]]
name = "SGD"
eta = { from = 0, to = 1, points = 5 }

[sweep]
batch_size = [1, "full"]
epochs = { from = 1, to = 7, step = 3 }
shuffle = ["once", "epoch"]
seed = { from = 3, to = 5 }
divergence = false
"""


def read(folder: Path, text: str) -> toml.Spec:
    path = folder / "sweep.toml"
    path.write_text(text, encoding="utf-8")
    return toml.read(path)


def test_conventions_and_switches(tmp_path):
    text = """
        [problem]
        name = "four_points"
        [[optimizers]]
        name = "adamw"
        convention = ["torch", "keras"]
        [[optimizers]]
        name = "radam"
        [[optimizers]]
        name = "Momentum"
        rate_place = "inside"
        dampening = [0.0, 0.5]
        weight_decay = 0.1
    """
    adamw, radam, momentum = read(tmp_path, text).optimizers
    assert adamw == simopt.AdamW(convention=["torch", "keras"])
    assert radam == simopt.RAdam()
    assert momentum == simopt.Momentum(rate_place="inside", dampening=[0.0, 0.5], weight_decay=0.1)
    for_all = text + '[sweep]\nconvention = ["document", "keras"]'
    assert read(tmp_path, for_all).arguments == {"convention": ["document", "keras"]}
    with pytest.raises(ValueError, match="did you mean 'rate_place'"):
        read(tmp_path, text.replace("rate_place", "rate_plaec"))


def test_a_whole_file(tmp_path):
    made = read(tmp_path, GOOD)
    assert made.problem.name == "hubble"
    assert made.problem.w0.tolist() == [100.0]
    adam, sgd = made.optimizers
    assert adam.name == "Adam"
    assert adam.settings["eta"] == (0.01, 0.1, 1.0)
    assert adam.settings["beta1"] == (0.5, 0.9)
    assert adam.settings["beta2"] == 0.999
    assert sgd.settings["eta"] == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert {key: list(value) for key, value in made.arguments.items() if key != "divergence"} == {
        "batch_size": [1, "full"],
        "epochs": [1, 4, 7],
        "shuffle": ["once", "epoch"],
        "seed": [3, 4, 5],
    }
    assert made.arguments["divergence"] is None


@pytest.mark.interpreted
def test_it_is_what_sweep_takes(tmp_path):
    made = read(tmp_path, GOOD)
    frame = simopt.sweep(made.problem, made.optimizers, **made.arguments)
    axes = 2 * 3 * 2 * 3  # batch sizes, epochs, shuffles, seeds
    assert len(frame) == (3 * 2 + 5) * axes


def test_data_lies_beside_the_file(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "points.csv").write_text("a,b,price\n1,2,3\n2,1,4\n0,1,1\n")
    monkeypatch.chdir(tmp_path)
    made = read(
        tmp_path / "sub",
        '[problem]\nfile = "points.csv"\ntarget = "price"\nfeatures = ["b"]\nintercept = false\n'
        '[[optimizers]]\nname = "SGD"\n',
    )
    assert made.problem.features == ("b",)
    assert made.problem.y.tolist() == [3.0, 4.0, 1.0]
    assert made.arguments == {}


@pytest.mark.interpreted
def test_a_noisy_quadratic(tmp_path):
    text = """
        [problem]
        name = "noisy_quadratic"
        curvature = { from = 0.01, to = 1, points = 3, scale = "log" }
        noise = [0.1, 0.2, 0.0]
        w0 = 2
        [[optimizers]]
        name = "SGD"
        [sweep]
        updates = 5
        target = 1.0
        stop_at_target = true
    """
    made = read(tmp_path, text)
    assert made.problem.l2.round(12).tolist() == [0.01, 0.1, 1.0]
    assert made.problem.noise.tolist() == [0.1, 0.2, 0.0]
    assert made.problem.w0.tolist() == [2.0] * 3
    assert simopt.sweep(made.problem, made.optimizers, **made.arguments)["updates"].max() <= 5
    with pytest.raises(ValueError, match="noisy_quadratic: must have the key 'noise'"):
        read(tmp_path, text.replace("noise = [", "w0 = [").replace("w0 = 2", ""))


#: What each needs besides its name, where it needs something.
NEEDED = {
    "noisy_quadratic": "curvature = [1.0, 0.1]\nnoise = 0.5",
    "least_squares": "x = [1.0, 2.0, 3.0]\ny = [0, 1, 1]",
}
NEEDED |= dict.fromkeys(
    set(naming.PROBLEMS) - {"bumps", "diabetes", "double_well", "four_points", "hubble", "saddle"}
    - set(NEEDED), NEEDED["least_squares"],
)  # fmt: skip


def spec_of(problem):
    return f"[problem]\n{problem}\n[[optimizers]]\nname = 'SGD'\n"


def test_every_problem_of_numbers_has_its_name():
    """All functions of simopt.problems but the two that take a function or a file."""
    makers = {
        name for name in problems.__all__
        if inspect.isfunction(getattr(problems, name))
        and inspect.signature(getattr(problems, name)).return_annotation == "Problem"
    }  # fmt: skip
    assert makers - set(naming.PROBLEMS) == {"from_frame", "function", "held_out", "read_table"}
    assert {"bumps", "double_well", "saddle", "network", "hubble"} <= set(naming.PROBLEMS)


@pytest.mark.parametrize("name", naming.PROBLEMS)
def test_every_problem_by_its_name(tmp_path, name):
    needed = NEEDED.get(name, "")
    made = read(tmp_path, spec_of(f"name = '{name}'\n{needed}")).problem
    direct = getattr(problems, name)(**tomllib.loads(needed))
    assert made.digest == direct.digest
    start = made.w0.tolist() if made.d > 1 else made.w0[0]
    moved = read(tmp_path, spec_of(f"name = '{name}'\n{needed}\nw0 = {start}")).problem
    assert moved.w0.tolist() == made.w0.tolist()
    with pytest.raises(ValueError, match=rf"\[problem\] {name}, key 'no': must be one of name, w0"):
        read(tmp_path, spec_of(f"name = '{name}'\n{needed}\nno = 1"))
    if needed:
        with pytest.raises(ValueError, match=rf"\[problem\] {name}: must have the key"):
            read(tmp_path, spec_of(f"name = '{name}'"))


@pytest.mark.parametrize("name", naming.PROBLEMS)
def test_every_argument_by_its_name(tmp_path, name):
    """Each default, written down, gives the same problem."""
    parameters = inspect.signature(naming.PROBLEMS[name]).parameters
    lines = {
        key: json.dumps(each.default) for key, each in parameters.items()
        if each.default is not each.empty and each.default is not None
    }  # fmt: skip
    text = "\n".join(f"{key} = {value}" for key, value in lines.items())
    needed = NEEDED.get(name, "")
    plain, full = (
        read(tmp_path, spec_of(f"name = '{name}'\n{needed}\n{more}")).problem.digest
        for more in ("", text)
    )
    assert plain == full


def test_arguments_reach_the_problem(tmp_path):
    made = read(tmp_path, spec_of("name = 'double_well'\ntilt = 0.2\nterms = 3")).problem
    assert made.digest == problems.double_well(tilt=0.2, terms=3).digest


@pytest.mark.parametrize(
    "name", [n for n, f in naming.PROBLEMS.items() if "x" in inspect.signature(f).parameters]
)
def test_a_problem_of_points_from_a_file(tmp_path, name):
    (tmp_path / "p.csv").write_text("a,b,price\n0.5,1,1\n-1,2,0\n2,0.25,1\n")
    text = f"name = '{name}'\nfile = 'p.csv'\ntarget = 'price'"
    made = read(tmp_path, spec_of(text)).problem
    x = pd.DataFrame({"a": [0.5, -1.0, 2.0], "b": [1.0, 2.0, 0.25]})
    direct = getattr(problems, name)(x, pd.Series([1.0, 0.0, 1.0], name="price"))
    assert made.digest == direct.digest
    assert (made.features, made.target) == (direct.features, "price")
    fewer = read(tmp_path, spec_of(f"{text}\nfeatures = ['b']")).problem
    assert fewer.x.shape[1] == direct.x.shape[1] - 1
    with pytest.raises(ValueError, match="has a file and the key 'y'"):
        read(tmp_path, spec_of(f"{text}\ny = [1.0]"))


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 3000 + "]" * 3000,
        "x = " + "9" * 5000,
        spec_of("name = 'four_points'") + "eta = " + "9" * 400,
        spec_of("name = 'four_points'") + "eta = 1" + "0" * 4000,
        spec_of("name = 'four_points'\nw0 = 1" + "0" * 400),
        spec_of("name = 'four_points'") + "[sweep]\nepochs = [[1, 2]]",
        spec_of("name = 'four_points'") + "[sweep]\nseed = [[1, 2], [3, 4]]",
        spec_of("name = 'four_points'") + "[sweep]\nbatch_size = 1" + "0" * 400,
    ],
    ids=["nested", "digits", "eta", "eta long", "w0", "epochs", "seed", "batch size"],
)
def test_what_no_number_holds_is_one_line(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)

    def run():
        made = toml.read(tmp_path / "s.toml")
        simopt.sweep(made.problem, made.optimizers, **made.arguments)

    with pytest.raises(ValueError, match="must|limit|Exceeds") as error:
        run()
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_the_example_is_read():
    made = toml.read(ROOT / "scripts" / "example.toml")
    assert [each.name for each in made.optimizers] == ["Momentum", "Adam"]
    assert np.allclose(made.optimizers[0].settings["eta"][-1], 1.0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch_size =", "batchsize =", r"\[sweep\], key 'batchsize'.*did you mean 'batch_size'"),
        ("[sweep]", "[sweeps]", r"key 'sweeps'.*did you mean 'sweep'"),
        ("[sweep]", "[sweep]\nthreads = 2", r"\[sweep\], key 'threads': must be one of"),
        ("beta1 =", "beta3 =", r"\[\[optimizers\]\] 1: Adam, key 'beta3'.*beta"),
        ("w0 =", "w1 =", r"\[problem\] hubble, key 'w1': must be one of name, w0"),
        ("points = 3", "point = 3", r"eta, key 'point'.*did you mean 'points'"),
        (", points = 3", "", "eta: must have the key 'points'"),
        ('"adam"', '"adm"', r"optimizer 'adm'.*did you mean 'Adam'"),
        ('"hubble"', '"huble"', r"\[problem\] name 'huble'.*did you mean 'hubble'"),
        ('name = "SGD"', "", r"\[\[optimizers\]\] 2: must have a name"),
        ('name = "hubble"', "", r"\[problem\]: must have a name .* or a file"),
        ("[0.5, 0.9]", "[0.5, 1.5]", r"\[\[optimizers\]\] 1: beta1=1.5: must be a number in"),
        ("[0.5, 0.9]", "[]", r"beta1=\[\]"),
        ("[0.5, 0.9]", '"high"', "beta1='high'"),
        ("from = 0.01", "from = 0", "eta.from=0: must be a finite number > 0"),
        ("points = 3", "points = 0", "eta.points=0"),
        ('"log"', '"logs"', "eta.scale='logs'"),
        ("to = 5 }", "to = 2 }", "seed.to=2: must be a whole number >= 3"),
        ("step = 3", "step = 0", "epochs.step=0"),
        ("w0 = 100", "w0 = 'start'", "w0='start'"),
        ("[[optimizers]]", "[optimizers]", "sweep.toml"),
        ("[sweep]", "sweep = 3\n[other]", "sweep.toml"),
        ("epochs =", "epochs", "sweep.toml.*line"),
    ],
)
def test_a_mistake_is_named(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(ValueError, match=message):
        read(tmp_path, GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have the key 'problem'"),
        ('[problem]\nname = "hubble"', "must have the key 'optimizers'"),
        ('optimizers = []\n[problem]\nname = "hubble"', "at least one"),
        ('optimizers = [3]\n[problem]\nname = "hubble"', r"\[\[optimizers\]\] 1=3"),
        ('optimizers = 3\nproblem = "hubble"', "optimizers=3"),
        ('problem = "hubble"\n[[optimizers]]\nname = "SGD"', "problem='hubble'"),
        ('[problem]\nname = ["a"]\n[[optimizers]]\nname = "SGD"', "name"),
        ('[problem]\nname = "hubble"\n[[optimizers]]\nname = ["SGD"]', "optimizer"),
        ('[problem]\nfile = "x.csv"\n[[optimizers]]\nname = "SGD"', "must have the key 'target'"),
        (
            '[problem]\nfile = 3\ntarget = "y"\n[[optimizers]]\nname = "SGD"',
            r"\[problem\] file=3: must be text",
        ),
        (
            '[problem]\nfile = "x.csv"\ntarget = "y"\nfeatures = "a"\n[[optimizers]]\nname = "SGD"',
            "features='a': must be a list",
        ),
        (
            '[problem]\nfile = "x.csv"\ntarget = "y"\nintercept = "no"\n'
            '[[optimizers]]\nname = "SGD"',
            "intercept='no': must be True or False",
        ),
    ],
)
def test_what_is_missing_or_of_another_kind_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)


# Schedules, clipping, a box


def swept(folder, text):
    """The arguments of a [sweep] section."""
    return read(folder, f'problem.name = "hubble"\n[[optimizers]]\nname = "SGD"\n[sweep]\n{text}')


SCHEDULES = {
    '"cosine"': schedules.cosine(),
    "false": None,
    '"none"': None,
    '{ name = "cosine", total = 100 }': schedules.cosine(100),
    '{ name = "step", every = 3, gamma = 0.5, per = "epoch" }': schedules.step(3, 0.5, per="epoch"),
    '{ name = "multi_step", milestones = [30, 80] }': schedules.multi_step([30, 80]),
    '{ name = "factors", values = [1, 0.5] }': schedules.factors([1.0, 0.5]),
    '["cosine", "none", { name = "linear", floor = 1e-3 }, false]': [
        schedules.cosine(),
        None,
        schedules.linear(floor=1e-3),
        None,
    ],
    """{ name = "sequential", milestones = [500], schedules = [
        { name = "linear_warmup", start_factor = 0.1 }, "constant"] }""": schedules.sequential(
        [schedules.linear_warmup(0.1), schedules.constant()], [500]
    ),
    """{ name = "sequential", milestones = [9], per = "epoch", schedules = [
        { name = "sequential", schedules = ["linear_warmup", "cosine"], milestones = [2] },
        { name = "exponential", gamma = 0.5 }] }""": schedules.sequential(
        [
            schedules.sequential([schedules.linear_warmup(), schedules.cosine()], [2]),
            schedules.exponential(0.5),
        ],
        [9],
        per="epoch",
    ),
}


@pytest.mark.parametrize("text", SCHEDULES)
def test_a_schedule(tmp_path, text):
    # TOML lets a table in braces go over several lines only from 1.1 on.
    made = swept(tmp_path, f"schedule = {' '.join(text.split())}")
    assert made.arguments == {"schedule": SCHEDULES[text]}


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_every_schedule_is_reached(name):
    needed = {
        "every": 3,
        "gamma": 0.5,
        "first": 2,
        "up": 2,
        "warmup": 2,
        "decay": 2,
        "milestones": [4],
        "values": [1.0],
        "schedules": ["constant", "linear"],
    }
    make = schedules.SCHEDULES[name]
    given = {key: needed[key] for key in schedules.required(make)}
    if name == "sequential":
        given["milestones"] = needed["milestones"]
        expected = make([schedules.constant(), schedules.linear()], [4])
    elif name == "chained":
        expected = make([schedules.constant(), schedules.linear()])
    else:
        expected = make(**given)
    assert naming.schedule({"name": name, **given}) == expected


def test_clipping_and_a_box(tmp_path):
    made = swept(
        tmp_path,
        "clip_norm = [1.0, false]\nclip_value = { from = 1, to = 100, points = 3, scale = 'log' }\n"
        "box = [-1.0, 1]",
    )
    assert made.arguments == {
        "clip_norm": [1.0, None],
        "clip_value": [1.0, 10.0, 100.0],
        "box": [-1.0, 1],
    }
    off = swept(tmp_path, "clip_norm = false\nclip_value = false\nbox = false\ndivergence = false")
    assert set(off.arguments) == {"clip_norm", "clip_value", "box", "divergence"}
    assert set(off.arguments.values()) == {None}


@pytest.mark.interpreted
def test_options_are_what_sweep_takes(tmp_path):
    text = 'schedule = ["cosine", "none"]\nclip_norm = [1.0, false]\nbox = [0, 400]\nepochs = 2'
    made = swept(tmp_path, text)
    frame = simopt.sweep(made.problem, made.optimizers, **made.arguments)
    assert len(frame) == 4
    assert frame["w"].nunique() == 4
    assert frame["w"].between(0, 400).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schedule = 'cosin'", "schedule 'cosin': must be one of .*did you mean 'cosine'"),
        ("schedule = ['linear', 'expo']", "schedule 'expo': must be one of"),
        ("schedule = { name = 'Cosine' }", "schedule 'Cosine'.*did you mean 'cosine'"),
        ("schedule = { total = 3 }", "schedule: must have a name, one of constant"),
        ("schedule = { name = 3 }", "schedule 3: must be one of"),
        ("schedule = 3", "schedule=3: must be a name, a table"),
        ("schedule = true", "schedule=True: must be a name"),
        (
            "schedule = { name = 'cosine', totl = 3 }",
            "schedule cosine, key 'totl': .*did you mean 'total'",
        ),
        ("schedule = 'step'", "schedule step: must have the key 'every'"),
        (
            "schedule = { name = 'cosine', total = 0 }",
            "schedule cosine: total=0: must be a whole number >= 1",
        ),
        (
            "schedule = { name = 'sequential', schedules = ['linear', 'step'], milestones = [3] }",
            "schedule sequential: schedule step: must have the key 'every'",
        ),
        (
            "schedule = { name = 'sequential', schedules = ['linear', false], milestones = [3] }",
            "schedule sequential: schedules=.*: must be a sequence of schedules",
        ),
        (
            "schedule = { name = 'sequential', schedules = 'linear' }",
            "schedule sequential: schedules='linear': must be a sequence of schedules",
        ),
        (
            "schedule = { name = 'sequential', schedules = ['linear'], milestones = [3] }",
            r"schedule sequential: milestones=\[3\]: must be one fewer",
        ),
        ("clipnorm = 1", "key 'clipnorm'.*did you mean 'clip_norm'"),
        ("clip_norm = { from = 0, to = 1 }", "clip_norm: must have the key 'points'"),
    ],
)
def test_a_mistake_in_an_option_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        swept(tmp_path, text)


def test_not_text(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"sweep\.toml"):
        toml.read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        toml.read(tmp_path / "no.toml")
    with pytest.raises(FileNotFoundError):
        read(tmp_path, '[problem]\nfile = "no.csv"\ntarget = "y"\n[[optimizers]]\nname = "SGD"\n')
