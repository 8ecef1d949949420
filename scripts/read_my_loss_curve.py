"""Read a loss curve: what it shows, and how often the usual advice on that helps.

    python scripts/read_my_loss_curve.py losses.csv --optimizer adam --eta 0.1

The table is a training log as Keras, Lightning or TensorBoard write it, or any with a column for
the loss. Ends with the reading as text, how often each fix for that symptom worked in trial runs,
and a page with the evidence marked.
"""

import click

import simopt
from simopt import prescription

NAMES = ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam", "AdamW")
RULE = click.Choice(NAMES, case_sensitive=False)
SHOWN = ["fix", "runs", "worked", "worse", "works_where", "worse_where"]


@click.command()
@click.argument("losses")
@click.option("--optimizer", type=RULE, help="What trained, for advice with numbers.")
@click.option("--eta", default=0.001, show_default=True, help="Its rate.")
@click.option("--full", is_flag=True, help="Try the advice on all runs, not on a few: a minute.")
@click.option("--out", default="results/read_my_loss_curve.html", show_default=True)
def main(losses: str, optimizer: str | None, eta: float, full: bool, out: str) -> None:
    """Read the curve in LOSSES, a CSV file."""
    trained = None if optimizer is None else getattr(simopt, optimizer)(eta)
    try:
        diagnosis = simopt.diagnose(losses, optimizer=trained)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    print(diagnosis)
    lines = [line.symptom for line in prescription.TABLE if diagnosis.symptom in line.seen]
    if lines:
        tried = prescription.table(quick=not full)
        tried = tried[tried["symptom"].isin(lines) & (tried["runs"] > 0)]
        print(f"\nThe advice, tried on {tried.attrs['looked_at']:,} runs:")
        print(tried[SHOWN].round(2).to_string(index=False))
    print(diagnosis.page(out))


if __name__ == "__main__":
    main()
