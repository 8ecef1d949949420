"""
Checking an optimizer
=====================

"Adam" means different formulas in PyTorch, Keras, optax and scikit-learn. Which one is the
optimizer in front of you, and where does it depart from the others?
"""

# %%
# An optimizer from memory, or from a paper's supplement: a function of weight, gradient and its own
# state. It looks like Adam, but has no bias correction.

import numpy as np

import simopt


def mine(w, g, state):
    """Adam, as remembered."""
    m, v = state or (0.0, 0.0)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    return w - 0.01 * m / (np.sqrt(v) + 1e-8), (m, v)


# %%
# `simopt.conformance.check` feeds it sequences of gradients and compares each step with every rule
# in every convention. ``first_departure`` is the first update that differs; none if all agree.

table = simopt.conformance.check(mine, eta=0.01)
table[["optimizer", "convention", "first_departure", "explanation"]].head(4)

# %%
# It equals the Adam of MLX, the one framework here that does not correct the bias of its means. The
# switch has a name, so what you have can be run, swept and compared under it.

four = simopt.problems.four_points()
for correction in (True, False):
    adam = simopt.Adam(eta=0.01, convention="torch", bias_correction=correction)
    steps = simopt.run(four, adam, epochs=25).steps
    first, last = steps["w"].iloc[0] - four.w0[0], steps["w"].iloc[-1]
    print(f"bias_correction={correction}: first step {first:.4f}, w at the end {last:.3f}")

# %%
# Without it the first steps are three times too long: both means start at 0, and the root of the
# second, :math:`\sqrt{1 - \beta_2} = 0.03`, is further from its final value than the first,
# :math:`1 - \beta_1 = 0.1`.
#
# **What to do next.** A ``torch.optim`` optimizer, an optax transformation or a Keras optimizer
# goes into ``check`` as it is. ``simopt conformance MODULE:OPTIMIZER`` does it from a shell, and
# `simopt.orders` replays a training run of another library point by point.
