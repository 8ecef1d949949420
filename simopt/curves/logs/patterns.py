"""Lines of programs whose names don't stand right before their numbers, each as a pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simopt.ground.patterns import late

#: Julia's single precision and Fortran's double write their exponents with f and d: 2.5f0, 1.0D-05.
NUMBER = (
    r"[-+]?(?:(?:\d+\.\d*|\.\d+)[fFdD][-+]?\d+"
    r"|(?:\d+(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
)
#: NaN and infinity as words.
WORD = r"[-+]?(?:(?:nanq|[qs]?nan)(?:\(ind\)|16|32|\.0)?|inf(?:inity|16|32|\.0)?|\u221e)"
#: Atomic, so that of 2.5x no 2 is taken: a number is read whole or not at all.
VALUE = rf"(?>[-+]?1\.#\w+|{NUMBER}|{WORD})"


#: What says which part of the data is meant, and what counts rows.
PARTS = (
    r"(?:train(?:ing)?|val(?:id(?:at(?:ion|e|ing))?)?|eval(?:uat(?:ion|e|ing))?|test(?:ing)?|dev"
    r"|cv(?=\s+batch\b))"
)
COUNTED = r"(?:epoch|step|iter(?:ation)?|global[ _]step|batch|update|round)"


@dataclass(frozen=True)
class Pattern:
    """Lines that a program prints.

    Attributes
    ----------
    program : str
        Whose they are.
    expression : re.Pattern
        Matched anywhere in a line; its named groups become columns.
    key : str
        What stands in every such line, in small letters: others need not be matched.
    about : str
        What trains with it, where that is known.
    """

    program: str
    expression: re.Pattern[str]
    key: str = ""
    about: str = ""


def _pattern(program: str, key: str, expression: str, about: str = "") -> Pattern:
    expression = expression.replace("<>", f"({VALUE})")
    expression = re.sub(r"(?<!\?P)<(\w+)>", lambda m: f"(?P<{m[1]}>{VALUE})", expression)
    return Pattern(program, late(expression, re.IGNORECASE), key, about)


#: Lines whose names don't stand right before their numbers; all others are read by `pairs`.
PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "CatBoost",
        "learn:",
        r"^\s*<iteration>:\s+learn: <train_loss>(?:\s+test: <val_loss>)?",
        "boosted trees",
    ),
    _pattern(
        "Megatron",
        "validation loss at",
        r"validation loss at iteration <iteration> \| [\w ]+ value: <val_loss>",
    ),
    _pattern("PyTorch tutorials", "avg loss:", r"Accuracy: <>%, Avg loss: <val_loss>"),
    _pattern("PyTorch tutorials", "] loss", r"^\s*\[<epoch>,\s*(?P<batch>\d+)\] loss: <loss>"),
    _pattern(
        "train/val",
        "/val",
        r"^(?:.*?\bepoch\W{0,3}<epoch>\b)?.*?\b(?:loss \(train(?:ing)?/val\w*\)"
        r"|train(?:ing)?/val\w* loss)\s*[:=]?\s*<train_loss>\s*/\s*<val_loss>",
    ),
    _pattern(
        "TensorFlow", "saving dict", r"Saving dict for global step <step>:.*?\bloss = <val_loss>"
    ),
    _pattern("AllenNLP and Ludwig", "loss", r"\b\w*loss\s*[|│]\s*<train_loss>\s*[|│]\s*<val_loss>"),
    _pattern("Deeplearning4j", "score at iteration", r"Score at iteration <iteration> is <loss>"),
    _pattern("L-BFGS-B", "at iterate", r"^\s*At iterate\s+<iteration>\s+f=\s*<fval>"),
    _pattern(
        "MATLAB",
        "gradient",
        r"\bEpoch <epoch>/\d+, .*?\b(?:Performance|MSE|SSE|MAE) <loss>/[\d.e+-]+, Gradient",
    ),
    _pattern("Tacotron 2", "train loss", r"^\s*Train loss <step> <train_loss> Grad Norm"),
    _pattern("R's optim", "value ", r"^\s*iter\s+<iteration> value <fval>\s*$"),
    _pattern("R's nlminb", ": ", rf"^\s*<iteration>:\s+<fval>:(?:\s+{NUMBER})+\s*$"),
    _pattern(
        "Kaldi",
        "average objective function",
        r"Average objective function for \S+ for minibatches \d+-<batches> is <objective> over",
    ),
    _pattern(
        "Kaldi",
        "overall average objective function",
        r"Overall average objective function for \S+ is <objective> over",
    ),
    _pattern("CRF++", " obj=", r"^\s*iter=<iteration> .*?\bobj=<objective>"),
    _pattern(
        "Wapiti", "obj=", r"^\s*\[\s*<iteration>\] obj=<objective>\s+act=\d+(?:\s+err=\s*<err>%)?"
    ),
    _pattern(
        "liblinear", "|g|", r"^(?:\[LibLinear\])?\s*iter\s+<iteration>\s+act .*?\bf <fval> \|g\|"
    ),
    _pattern(
        "CMA-ES", ":", r"^\s*<iteration>\s+\d+ <fval>(?: <>){2} {1,2}<> {1,2}<> +\d+:\d\d\.\d\s*$"
    ),
    _pattern("Spark", "val and grad norm", r"\bVal and Grad Norm: <loss> \(rel:"),
    _pattern(
        "timm",
        "train:",
        r"Train: <epoch> \[\s*(?P<batch>\d+)/\d+.*?Loss:\s*<>\s*\(\s*<train_loss>\)",
    ),
    _pattern("Caffe", "train net output", r"Train net output #\d+:"),  # the loss again
    _pattern("llm.c", "tel:", r"^\s*s:<step>\s+tel:<val_loss>"),
    _pattern("llm.c", "trl:", r"^\s*s:<step>\s+trl:<train_loss>"),
    _pattern("build-nanogpt", " val ", r"^\s*<step> val <val_loss>\s*$"),
    _pattern("build-nanogpt", " train ", r"^\s*<step> train <train_loss>\s*$"),
    _pattern(
        "Caffe",
        "solver.cpp",
        r"solver\.cpp:\d+\] Iteration <iteration>(?: \([^)]*\))?, loss = <loss>",
    ),
    _pattern("Caffe", "testing net", r"Iteration <iteration>, Testing net"),
    _pattern("Caffe", "test net output", r"Test net output #\d+: \w*loss\w* = <val_loss>"),
    _pattern("Darknet", " avg", r"^\s*<iteration>: <loss>, <avg_loss> avg(?: loss)?,"),
    _pattern(
        "PyTorch examples",
        "train epoch:",
        r"Train Epoch: <epoch> \[\s*(?P<batch>\d+)/\d+[^\]]*\]\s*Loss: <loss>",
    ),
    _pattern("PyTorch examples", "test set:", r"Test set: (?:Average|Avg\.?) loss: <val_loss>"),
    _pattern(
        "PyTorch ImageNet",
        "epoch: [",
        r"Epoch: \[<epoch>\]\s*\[\s*(?P<batch>\d+)/\d+\].*?\bLoss:?\s+<loss>\s*\(\s*<>\)",
    ),
    _pattern(
        "PyTorch ImageNet",
        "test:",
        r"Test:\s+\[\s*(?P<batch>\d+)/\d+\].*?\bLoss:?\s+<>\s*\(\s*<val_loss>\)",
    ),
    _pattern("DeiT", "averaged stats:", r"^Averaged stats:.*?\bloss: <>\s*\(<train_loss>\)"),
    _pattern("DeiT", "* acc@1", r"\* Acc@1 <> Acc@5 <> loss <val_loss>"),
    _pattern(
        "Marian", ": up. ", r"\bEp\. <epoch> : Up\. <update> : Sen\. [\d,]+ : Cost <train_cost>"
    ),
    _pattern(
        "Marian",
        "ce-mean-words",
        r"\[valid\] Ep\. <epoch> : Up\. <update> : ce-mean-words : <val_cost>",
    ),
    _pattern("Marian", "[valid] ep.", r"\[valid\] Ep\. <epoch> : Up\. <update> : "),
    _pattern(
        "Tesseract",
        "mean rms=",
        r"At iteration \d+/<iteration>/\d+, mean rms=.*?\b(?:BCER|char) train=<train_error>%"
        r"(?:.*?(?:Eval Char error rate|BCER eval)=<val_error>)?",
    ),
    _pattern("word2vec.c and GloVe", "cost:", r"iter: <iteration>, cost: <cost>"),
    _pattern(
        "gensim", "perplexity estimate", r"<> per-word bound, <perplexity> perplexity estimate"
    ),
    _pattern("fastText", "progress:", r"Progress:\s*<progress>%.*?loss:\s*<loss>"),
)
