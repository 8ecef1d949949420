"""One page with a study of anyone's data: advice, then what it rests on."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib

from simopt.analysis import noise_scale
from simopt.analysis.batch_size import Scaling
from simopt.analysis.batch_size.advice import advise
from simopt.analysis.batch_size.result import check_study
from simopt.display import style, templating
from simopt.ground import files
from simopt.report.critical_batch.section import section
from simopt.report.sweeps import Setting


def batch_size_page(path: str | os.PathLike[str], study: Scaling) -> Path:
    """Write one page, complete in itself, about a study of batch sizes.

    Parameters
    ----------
    path : path
        Of the HTML file; its folder is made if need be.
    study : Scaling
        From `simopt.batch_size`, of a problem with points.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If the file can't be written.

    Examples
    --------
    >>> import simopt
    >>> from simopt.report import batch_size_page
    >>> diabetes = simopt.problems.diabetes()
    >>> study = simopt.batch_size(diabetes, simopt.SGD(), target=3000.0, batch_sizes=[1, 8, 64])
    >>> batch_size_page("diabetes.html", study)  # doctest: +SKIP
    PosixPath('diabetes.html')
    """
    place, problem = files.check_file("path", path), check_study(study).problem
    with matplotlib.rc_context(style.RC):
        values = {
            "advice": advise(study, noise_scale=noise_scale.exact(problem).b_simple),
            "part": section(Setting(problem.name, problem), study),
        }
    title = f"Batch sizes on {problem.name}"
    question = "Which batch size, which optimizer, which rate?"
    return templating.write_page(
        place, "batch_size_alone", title, question, values, "simopt.report"
    )
