"""Which batch size, on your own table: steps to a loss, everything tuned at each batch size.

    python scripts/batch_size_on_my_data.py my-data.csv price

Columns and target are standardised first, as one would before training: rates are of that. Ends
with a page like the report's, a table, and a paragraph of advice.
"""

import warnings
from pathlib import Path
from typing import Any

import click

import simopt
from simopt.report import batch_size_page

NAMES = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")
PAGE = "results/batch_size_on_my_data.html"
RULE = click.Choice(NAMES, case_sensitive=False)


@click.command()
@click.argument("data")
@click.argument("target")
@click.option("--kind", default="least_squares", type=click.Choice(simopt.problems.KINDS))
@click.option("--within", default=0.05, show_default=True, help="Left of what can be explained.")
@click.option("--held-out", default=0.0, show_default=True, help="Share of rows for the goal.")
@click.option("--seeds", default=16, show_default=True, help="Orders of the points.")
@click.option("--optimizer", "names", type=RULE, multiple=True, default=("SGD", "Momentum", "Adam"))
@click.option("--out", default=PAGE, show_default=True, type=click.Path(dir_okay=False))
def main(data: str, target: str, kind: str, out: str, names: tuple[str, ...], **given: Any) -> None:
    """Study batch sizes on DATA, a CSV or Parquet file, whose column TARGET is to be predicted."""
    page, seeds = Path(out), given["seeds"]
    try:
        with warnings.catch_warnings(record=True, action="always") as said:
            how: Any = {"kind": kind, "standardize": True, "categories": "dummy"}
            problem = simopt.problems.read_table(data, target, **how)
        for each in said:
            print(each.message)
        aim = simopt.scaling.goal(problem, given["within"], held_out=given["held_out"])
        optimizers = [getattr(simopt, name)() for name in names]
        study = simopt.batch_size(aim.problem, optimizers, target=aim.target, seeds=seeds)
        print(f"{aim.problem}: {study.trajectories:,} trajectories")
        table = study.steps[["optimizer", "batch_size", "eta", "steps", "region"]]
        if aim.held_out is not None:
            table = table.assign(held_out=simopt.scaling.explained_held_out(study, aim))
        print(table.to_string(float_format="{:.4g}".format))
        noise = simopt.noise_scale.exact(aim.problem).b_simple
        print(simopt.scaling.advise(study, noise_scale=noise))
        page.parent.mkdir(parents=True, exist_ok=True)
        print(batch_size_page(page, study))
        study.steps.to_csv(page.with_suffix(".csv"), index=False)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
