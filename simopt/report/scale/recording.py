"""A billion trajectories of each rule: every setting with every seed, summarised while they run.

    python -m simopt.report.scale.recording                          # all seven, ten epochs
    python -m simopt.report.scale.recording sgd adam --scale 0.01    # a first look
    python -m simopt.report.scale.recording adam --batch-size 1 2 4  # and batch sizes

80,000 settings, which fill blocks of 128 lanes, with 12,500 seeds. Beside each rate stands what the
processor's divider or its first cache would allow, measured in the same run.
"""

import argparse
import time

import numpy as np
import pandas as pd

from simopt import problems
from simopt.ground import files
from simopt.report.scale import recorded
from simopt.rules import SGD, AdaGrad, Adam, AdamW, Momentum, Nesterov, RMSprop
from simopt.sweeps.sweep import sweep

ALONG, SCALED = np.geomspace(1e-4, 0.04, 625), np.geomspace(1e-3, 10.0, 625)
DECAYS, SMALL = np.linspace(0.0, 0.95, 128), np.geomspace(1e-10, 1.0, 128)
RULES = {
    "sgd": SGD(np.geomspace(1e-4, 0.1, 80_000)),
    "momentum": Momentum(ALONG, beta=DECAYS),
    "nesterov": Nesterov(ALONG, beta=DECAYS),
    "adagrad": AdaGrad(SCALED, epsilon=SMALL),
    "rmsprop": RMSprop(SCALED, rho=DECAYS),
    "adam": Adam(SCALED, beta1=DECAYS),
    "adamw": AdamW(SCALED, weight_decay=SMALL / 10),
}


def main() -> None:
    """Run each rule; print how fast it went, and which settings serve 95 % of the orders best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rules", nargs="*", type=str.lower, help=f"of {', '.join(RULES)}; or all")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[1])
    parser.add_argument("--scale", type=float, default=1.0, help="run this share of the seeds")
    parser.add_argument("--record", help="a CSV file for the report, as reports/billion.csv")
    given = parser.parse_args()
    path = given.record and files.check_file("--record", given.record, (".csv",))
    problem, rows = problems.four_points(), []
    seeds = range(max(1, -int(-12_500 * given.scale // len(given.batch_size))))
    for optimizer in map(RULES.__getitem__, given.rules or RULES):
        began, busy = time.perf_counter(), time.process_time()
        frame = sweep(problem, optimizer, batch_size=given.batch_size, epochs=10,
                      shuffle="epoch", seed=seeds, reduce="seed")  # fmt: skip
        cores = (time.process_time() - busy) / (time.perf_counter() - began)
        rows.append(recorded.row(frame, problem, optimizer, cores))
        varied = [name for name in frame.loc[:, :"epochs"] if len(frame[name].unique()) > 1]
        best = frame.nsmallest(3, "loss_q95")[[*varied, "loss_q05", "loss_q50", "loss_q95"]]
        print(recorded.told(rows[-1]), best.to_string(index=False), sep="\n", end="\n\n")
    if path:
        files.write_table(path, pd.DataFrame(rows))


if __name__ == "__main__":
    main()
