"""river: epsilon hat in Adam, the rate inside the buffer, a rate of 0.1 almost throughout.

`NesterovMomentum` takes its gradient at a point that its linear models look ahead to, which is the
w of `Nesterov` here with the rate inside; they show another point, w less rho times the velocity,
and its `step` alone is plain SGD, so that it is not here.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

HAT = {"eta": 0.1, "epsilon_place": "hat"}


def _rate(measure: Measures, river: Any, torch: Any) -> str:
    ends = [measure.four(each, 100) for each in (river, torch)]
    times = river.settings["eta"] / torch.settings["eta"]
    return (
        f"η is {number(river.settings['eta'])} unless it is set, {number(times)} times PyTorch's: "
        f"after a hundred updates on the four points w is {number(ends[0], 3)}, PyTorch's "
        f"{number(ends[1], 3)}."
    )


FRAMEWORK = Framework(
    key="river",
    name="river",
    version="river 0.26.1",
    rules={
        "SGD": {"eta": 0.01},
        "Momentum": {"eta": 0.1, "rate_place": "inside"},
        "AdaGrad": {"eta": 0.1},
        "RMSprop": {"eta": 0.1},
        "Adam": HAT,
        "AMSGrad": {**HAT, "bias_correction": True},
        "NAdam": {"eta": 0.1, "corrected_for": "current"},
        "Adamax": {"eta": 0.1, "epsilon_place": "outside"},
        "Adadelta": {"epsilon": 1e-8},
        "FTRL": {"l2": 1.0, "solved": "before"},
        "AdaBound": {"follows": "compounding"},
    },
    arguments={
        "eta": "lr",
        "beta": "rho",
        "beta1": "beta_1",
        "beta2": "beta_2",
        "rho": "rho",
        "epsilon": "eps",
        "smoothing": "beta",
        "l1": "l1",
        "l2": "l2",
        "final_rate": "final_lr",
        "narrowing": "gamma",
    },
    calls=(
        Call(
            "river.optim.SGD()",
            "SGD",
            note="whatever the optimizer, linear models' intercepts go by SGD at intercept_lr",
        ),
        Call("river.optim.Momentum()", "Momentum"),
        Call("river.optim.AdaGrad()", "AdaGrad"),
        Call("river.optim.RMSProp()", "RMSprop"),
        Call("river.optim.Adam()", "Adam"),
        Call("river.optim.AdaBound()", "AdaBound", note="under a schedule its bounds collapse"),
        Call(
            "river.optim.FTRLProximal()",
            "FTRL",
            note="one gradient late, and a weight below l1 stays as it is",
        ),
        Call(
            "river.optim.FTRLProximal(l1=0.5, l2=0.1)",
            "FTRL",
            {"l1": 0.5, "l2": 0.1},
        ),
        Call("river.optim.AMSGrad()", "AMSGrad"),
        Call(
            "river.optim.AMSGrad(correct_bias=False)",
            "AMSGrad",
            {"bias_correction": False},
            "the paper's",
        ),
        Call("river.optim.Nadam()", "NAdam"),
        Call("river.optim.AdaMax()", "Adamax"),
        Call("river.optim.AdaDelta()", "Adadelta", note="has no rate: 1"),
    ),
    left_out={
        "river.optim.NesterovMomentum": (
            'linear models take gradients at the w of simopt.Nesterov(rate_place="inside"), and '
            "show w less rho times the velocity"
        ),
        "river.optim.Newton": "asks for a Hessian",
        "river.optim.Averager": "around another, and without effect in linear models",
    },
    surprises=(
        Surprise(
            "river's Adam starts at a hundred times the usual rate",
            40,
            tuple(("Adam", {"convention": each}) for each in ("river", "torch")),
            _rate,
        ),
    ),
)
