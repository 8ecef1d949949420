"""Which batch size, on your own table: steps to a loss, everything tuned at each batch size.

    python scripts/batch_size_on_my_data.py my-data.csv price

The columns are standardised first, as one would before training. Ends with a page like the
report's, a table, and a paragraph of advice.
"""

import warnings
from pathlib import Path

import click

import simopt
from simopt.report import batch_size_page

NAMES = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")
RULE = click.Choice(NAMES, case_sensitive=False)


@click.command()
@click.argument("data")
@click.argument("target")
@click.option("--kind", default="least_squares", type=click.Choice(simopt.problems.KINDS))
@click.option("--within", default=0.01, show_default=True, help="The goal: this share left.")
@click.option("--seeds", default=16, show_default=True, help="Orders of the points.")
@click.option("--optimizer", "names", type=RULE, multiple=True, default=("SGD", "Momentum", "Adam"))
@click.option("--out", default="results/batch_size_on_my_data.html", show_default=True)
def main(
    data: str, target: str, kind: str, within: float, seeds: int, names: tuple[str, ...], out: str
) -> None:
    """Study batch sizes on DATA, a CSV or Parquet file, whose column TARGET is to be predicted."""
    page = Path(out)
    page.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        problem = simopt.problems.read_table(data, target, kind=kind, standardize=True)
    for each in said:
        print(each.message)

    start, least = problem.loss(problem.w0), problem.minimum_loss
    optimizers = [getattr(simopt, name)() for name in names]
    study = simopt.batch_size(
        problem, optimizers, target=least + within * (start - least), seeds=seeds
    )
    print(f"{problem}: {study.trajectories:,} trajectories")
    print(study.steps[["optimizer", "batch_size", "eta", "steps", "region"]].to_string())
    noise_scale = simopt.noise_scale.exact(problem).b_simple
    print(simopt.scaling.advise(study, noise_scale=noise_scale))
    batch_size_page(page, study)
    study.steps.to_csv(page.with_suffix(".csv"), index=False)
    print(page)


if __name__ == "__main__":
    main()
