"""How much luck the order of the points brings: the final loss over many shuffle seeds.

    python scripts/shuffle_seeds.py --seeds 10000

File order, one shuffle for all epochs, or a new one every epoch: same start, same rate.
"""

from pathlib import Path

import click
import pandas as pd

import simopt


@click.command()
@click.option("--seeds", default=2000, show_default=True, help="Orders of each kind.")
@click.option("--epochs", default=10, show_default=True)
@click.option("--batch-size", default=4, show_default=True)
@click.option("--out", default="results/shuffle_seeds.csv", show_default=True)
def main(seeds: int, epochs: int, batch_size: int, out: str) -> None:
    """Sweep the seeds and print how the final loss is spread, for each optimizer."""
    path = Path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    problem = simopt.problems.hubble()
    optimizers = [simopt.SGD(0.1), simopt.Momentum(0.02), simopt.Adam(30.0)]
    frame = simopt.sweep(
        problem, optimizers, batch_size=batch_size, epochs=epochs,
        shuffle=["never", "once", "epoch"], seed=range(seeds),
    )  # fmt: skip

    excess = frame.assign(excess=frame["loss"] - problem.minimum_loss)
    groups = excess.groupby(["optimizer", "shuffle"], sort=False)["excess"]
    table = pd.DataFrame(
        {
            "orders": groups.size(),
            "diverged": frame.groupby(["optimizer", "shuffle"], sort=False)["diverged_at"].count(),
            "5 %": groups.quantile(0.05),
            "median": groups.median(),
            "95 %": groups.quantile(0.95),
        }
    ).reset_index()
    print(f"{len(frame):,} trajectories on {problem.name}; the final loss above its minimum:")
    print(table.to_string(index=False, float_format="{:.4g}".format))
    table.to_csv(path, index=False)
    print(path)


if __name__ == "__main__":
    main()
