"""How much the learning rate matters: loss after some epochs against eta, for each optimizer.

python scripts/learning_rate_sensitivity.py --epochs 10 --seeds 100
"""

from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure

import simopt


@click.command()
@click.option("--rates", default=41, show_default=True, help="Learning rates, from 1e-4 to 100.")
@click.option("--seeds", default=20, show_default=True, help="Shuffles of the data.")
@click.option("--epochs", default=5, show_default=True)
@click.option("--batch-size", default=32, show_default=True)
@click.option("--out", default="results", show_default=True, help="A folder.")
def main(rates: int, seeds: int, epochs: int, batch_size: int, out: str) -> None:
    """Sweep, print the best rate of each optimizer, draw the band."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    problem = simopt.problems.diabetes()
    eta = np.geomspace(1e-4, 100, rates)
    rules = [simopt.SGD, simopt.Momentum, simopt.AdaGrad, simopt.RMSprop, simopt.Adam]
    frame = simopt.sweep(
        problem, [rule(eta=eta) for rule in rules], batch_size=batch_size, epochs=epochs,
        shuffle="epoch", seed=range(seeds),
    )  # fmt: skip

    # A diverged trajectory is worse than any other; "higher" takes one of the values, no mean.
    frame["loss"] = frame["loss"].where(frame["status"] == "ok", np.inf)
    losses = frame.groupby(["optimizer", "eta"], sort=False)["loss"]
    table = losses.quantile(np.array([0.05, 0.5, 0.95]), interpolation="higher").unstack()
    table.columns = ["low", "median", "high"]
    best = table.loc[table.groupby("optimizer", sort=False)["median"].idxmin()]
    least = problem.minimum_loss
    print(f"{len(frame):,} trajectories; the best rate of each (least loss: {least:.1f})")
    print(best.reset_index().to_string(index=False, float_format="{:.4g}".format))

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for name, band in table.groupby("optimizer", sort=False):
        band = band.replace(np.inf, np.nan)  # a gap where it diverged
        axes.plot(eta, band["median"], label=name)
        axes.fill_between(eta, band["low"], band["high"], alpha=0.2)
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel=f"loss, epoch {epochs}")
    axes.legend(title="median, 5 to 95 %")
    path = folder / "learning_rate_sensitivity.csv"
    table.reset_index().to_csv(path, index=False)
    figure.savefig(path.with_suffix(".svg"))
    print(f"{path} and .svg")


if __name__ == "__main__":
    main()
