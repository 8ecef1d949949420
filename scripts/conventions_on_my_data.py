"""Whose formula for my data: one optimizer in every framework's convention, over learning rates.

    python scripts/conventions_on_my_data.py my.csv price --optimizer rmsprop

Each with its own defaults: what a change of the framework would change, everything else the same.
"""

from pathlib import Path

import click
import numpy as np

import simopt

CONVENTIONS = ("document", "torch", "keras", "optax", "sklearn")
RULE = click.Choice(("SGD", "Momentum", "AdaGrad", "RMSprop", "Adam"), case_sensitive=False)


@click.command()
@click.argument("data")
@click.argument("target")
@click.option("--optimizer", type=RULE, default="RMSprop", show_default=True)
@click.option("--epsilon", type=float, help="The same for all, in place of their own.")
@click.option("--rates", default=25, show_default=True)
@click.option("--epochs", default=20, show_default=True)
@click.option("--out", default="results/conventions.csv", show_default=True)
def main(
    data: str, target: str, optimizer: str, epsilon: float | None, rates: int, epochs: int, out: str
) -> None:
    """Sweep the rate in every convention; print the best of each, and how it ends elsewhere."""
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    try:
        problem = simopt.problems.read_table(data, target, categories="dummy")
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    swept = {"eta": np.geomspace(1e-4, 10.0, rates).tolist()}
    swept |= {} if epsilon is None else {"epsilon": epsilon}
    rules = []
    for convention in CONVENTIONS:
        try:
            rules.append(getattr(simopt, optimizer)(**swept, convention=convention))
        except ValueError as error:
            print(f"left out: {error}")
    size = min(8, problem.n)
    frame = simopt.sweep(
        problem, rules, batch_size=size, epochs=epochs, shuffle="epoch", seed=range(20)
    )
    median = frame.groupby(["convention", "eta"], observed=True)["loss"].median().unstack()
    table = median.idxmin(axis="columns").to_frame("best_eta")
    for theirs, eta in table["best_eta"].items():
        table[f"loss at {theirs}'s best"] = median[eta]
    print(f"{len(frame):,} trajectories on {problem}; least loss {problem.minimum_loss:.6g}")
    print(table.to_string(float_format="{:.6g}".format))
    table.reset_index().to_csv(out, index=False)
    print(out)


if __name__ == "__main__":
    main()
