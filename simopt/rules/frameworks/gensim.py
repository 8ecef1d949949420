"""gensim's Word2Vec: SGD on the logistic loss, pair of words by pair of words, its rate falling.

Read in its source, ``gensim/models/word2vec.py`` and ``word2vec_inner.pyx``.
"""

from typing import Any

from simopt.ground.formatting import number
from simopt.rules.framework import Call, Framework, Measures, Surprise

FALLING = (
    "a pair of words is an update of logistic loss; the rate falls to min_alpha: "
    "schedule=simopt.schedules.linear(floor=0.0001)"
)
#: Words in a job, for all of which there is one rate; and a text's length and passes.
JOB, WORDS, EPOCHS, END = 10_000, 20_000, 5, 0.0001


def _jobs(measure: Measures, gensim: Any) -> str:
    eta = float(gensim.settings["eta"])
    jobs = WORDS // JOB
    last = eta - (eta - END) * (EPOCHS - 1 + (jobs - 1) / jobs) / EPOCHS
    return (
        f"alpha falls from {number(eta)} towards min_alpha with the words that were handed out, a "
        f"job of {number(JOB)} at a time: of {number(WORDS)} words and {EPOCHS} passes the last "
        f"job has a rate of {number(last)}, not {number(END)}."
    )


FRAMEWORK = Framework(
    key="gensim",
    name="gensim",
    version="gensim 4.4.0",
    played=False,
    rules={"SGD": {"eta": 0.025}},
    arguments={"eta": "alpha"},
    calls=(Call("gensim.models.Word2Vec(sentences)", "SGD", note=FALLING),),
    surprises=(
        Surprise(
            "gensim's rate never comes to its end",
            114,
            (("SGD", {"convention": "gensim"}),),
            _jobs,
        ),
    ),
)
