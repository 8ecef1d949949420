"""Whose formula for my data: one optimizer in every framework's convention, over learning rates.

    python scripts/conventions_on_my_data.py my.csv price --optimizer rmsprop

Each with its own defaults: what a change of the framework would change, everything else the same.
"""

import click
import numpy as np

import simopt
from simopt.ground import files
from simopt.rules.family import CONVENTIONS
from simopt.sweeps import toml


@click.command()
@click.argument("data")
@click.argument("target")
@click.option("--optimizer", default="RMSprop", show_default=True)
@click.option("--epsilon", type=float, help="The same for all, in place of their own.")
@click.option("--rates", default=25, show_default=True)
@click.option("--epochs", default=20, show_default=True)
@click.option("--out", default="results/conventions.csv", show_default=True)
def main(
    data: str, target: str, optimizer: str, epsilon: float | None, rates: int, epochs: int, out: str
) -> None:
    """Sweep the rate in every convention; print the best of each, and how it ends elsewhere."""
    path = files.check_file("--out", out, (".csv", ".parquet"))
    problem = simopt.problems.read_table(data, target)
    swept = {"eta": np.geomspace(1e-4, 10.0, rates).tolist()}
    swept |= {} if epsilon is None else {"epsilon": epsilon}
    asked = []
    for convention in CONVENTIONS:
        try:
            asked.append(toml.optimizer(optimizer, {**swept, "convention": convention}))
        except ValueError as error:
            print(f"left out: {error}")
    frame = simopt.sweep(
        problem, asked, batch_size=min(8, problem.n), epochs=epochs, shuffle="epoch", seed=range(20)
    )

    median = frame.pivot_table(
        index="convention", columns="eta", values="loss", aggfunc="median", observed=True
    )
    best = median.idxmin(axis="columns")
    table = best.rename("best_eta").to_frame()
    for theirs, eta in best.items():
        table[f"loss at {theirs}'s best"] = median[eta]
    print(
        f"{len(frame):,} trajectories on {problem}; least possible loss {problem.minimum_loss:.6g}"
    )
    print(table.to_string(float_format="{:.6g}".format))
    files.write_table(path, table.reset_index())
    print(path)


if __name__ == "__main__":
    main()
