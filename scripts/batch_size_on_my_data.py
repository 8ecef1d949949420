"""Which batch size, on your own table: epochs and updates to a loss, with eta tuned for each.

    python scripts/batch_size_on_my_data.py my-data.csv price

The columns are standardised first, as one would before training.
"""

import click
import numpy as np

import simopt
from simopt import files


@click.command()
@click.argument("data")
@click.argument("target")
@click.option("--epochs", default=20, show_default=True)
@click.option("--seeds", default=10, show_default=True, help="Shuffles of the data.")
@click.option(
    "--within", default=0.05, show_default=True, help="The goal: this share of the loss left."
)
@click.option("--out", default="results/batch_size_on_my_data.csv", show_default=True)
def main(data: str, target: str, epochs: int, seeds: int, within: float, out: str) -> None:
    """Sweep batch sizes and rates; of each batch size keep the rate that reaches the goal first."""
    path = files.check_file("--out", out, (".csv", ".parquet"))
    raw = simopt.problems.read_table(data, target, intercept=False)
    spread = raw.x.std(axis=0)
    x = (raw.x - raw.x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    problem = simopt.problems.least_squares(x, raw.y, intercept=True, name=raw.name)

    sizes = sorted({int(size) for size in np.geomspace(1, problem.n, 6).round()})
    eta = np.geomspace(1e-3, 1e4, 43)
    start = problem.loss(problem.w0)
    goal = problem.minimum_loss + within * (start - problem.minimum_loss)
    frame = simopt.sweep(
        problem, [simopt.SGD(eta), simopt.Adam(eta)], batch_size=sizes, epochs=epochs,
        shuffle="epoch", seed=range(seeds), target=goal,
    )  # fmt: skip

    # The median over seeds, where a trajectory that never gets there counts as infinitely late.
    updates = frame["steps_to_target"].astype("Float64").fillna(np.inf).astype(float)
    groups = frame.assign(updates=updates).groupby(["optimizer", "batch_size", "eta"], sort=False)
    table = groups["updates"].quantile(0.5, interpolation="higher").reset_index()
    best = table.loc[table.groupby(["optimizer", "batch_size"], sort=False)["updates"].idxmin()]
    best["epochs"] = best["updates"] / np.ceil(problem.n / best["batch_size"])
    best["at_edge"] = best["eta"].isin(eta[[0, -1]])

    print(f"{problem}: {len(frame):,} trajectories; loss {start:.4g} at the start, goal {goal:.4g}")
    print(best.to_string(index=False, float_format="{:.4g}".format))
    files.write_table(path, best)
    print(path)


if __name__ == "__main__":
    main()
