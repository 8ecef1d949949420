"""AdaGrad that forgets: the square of one update, or all of them every so often."""

from __future__ import annotations

import math

from simopt.rules.clocks import count
from simopt.rules.making import rule


def forgetful_adagrad(w, g, eta, G, t, epsilon=1e-8, without=0.0, cleared_every=0.0):  # type: ignore[no-untyped-def]
    """One weight, one step; G loses what one update gave it, or all after every so many."""
    G = G + g * g
    step = eta * g / math.sqrt(G + epsilon)
    if t == without:
        G = G - g * g
    if cleared_every > 0 and t % cleared_every == 0:
        G = G - G
    return w - step, G


#: With the defaults it forgets nothing and is `simopt.AdaGrad`.
ForgetfulAdaGrad = rule(forgetful_adagrad, clock=count, name="AdaGrad that forgets")
