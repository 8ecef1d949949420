"""What a column's name says: whose loss it is, or that it counts rows, or that it is no loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from simopt.ground.patterns import late


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TRAIN = frozenset(_words("train training trn tr learn trainer fit"))
HELD_OUT = frozenset(
    _words("val valid validation validate validating vali va eval evaluate evaluation evaluating")
    + _words("dev test testing te crossval cv heldout holdout oof")
)

#: Names of losses. Errors and metrics that fall when a model gets better come after them.
LOSSES = frozenset(_words("loss losses los nll cost objective elbo criterion tel trl vll"))
ERRORS = frozenset(
    _words(
        "mse rmse rmsle mae mape l1 l2 logloss log_loss mlogloss multi_logloss binary_logloss "
        "binary_error multi_error cross_entropy crossentropy ce bce xent perplexity ppl error err "
        "bcer bpb bpc "
        "deviance poisson huber quantile hinge merror wer cer per eer rss sse inertia fval fx "
        "f_x fun function_value obj_func obj_val objfun chi2 xent xentropy residual_ss stress "
        # of boosted trees
        "nloglik mphe multi_class multi_class_one_vs_all multi_logit msle smape tweedie expectile "
        "log_cosh lq pair_logit pair_logit_pairwise query_soft_max survival_aft fair brier "
        "brier_score kullback_leibler cross_entropy_lambda kl_divergence"
    )
)

#: Shares of errors that are called losses.
ZERO_ONE = frozenset(_words("zero_one_loss hamming_loss"))

#: Metrics that rise when a model gets better.
HIGHER = frozenset(
    _words(
        "acc accuracy acc1 acc5 auc auroc auprc aucpr prauc ap map map50 map50_95 f1 fscore "
        "precision recall r2 iou miou dice bleu rouge meteor score scores reward return returns "
        "win winrate success top1 top5 ndcg mrr hits kappa mcc psnr ssim likelihood ll llf "
        "loglik loglikelihood agreement correct log_prob logprob lp log_joint log_posterior"
    )
)

#: Behind an l, terms of a loss, as BasicSR calls them: l_pix, l_g_percep.
TERMS_OF_L = frozenset(_words("pix percep style gan"))

#: How the negative of a likelihood is called, and functions that optimizers print.
NEGATIVE = frozenset(_words("neg negative minus"))

LIKELIHOODS = frozenset(
    _words("likelihood ll llf like lik loglik loglike loglikelihood lp logp logprob prob posterior")
)

#: What else is no loss.
OTHER = frozenset(
    _words(
        "lr rate learning_rate eta time seconds sec secs second s ms wall wallclock timestamp date "
        "datetime duration elapsed fps throughput tokens samples norm grad gradient grad_norm "
        "gnorm memory mem mfu gpu cpu vram util scale momentum beta weight wd decay temperature "
        "temp epsilon explained variance clip fraction entropy_coef n n_updates std sd stddev min "
        "max flos flops best improved lowest previous target threshold speed bsz size num count "
        "remaining eps gpu_mem skipped nan iterations"
    )
)

#: Behind a loss, what is told of many values of it: not the loss, but how they lie.
SPREAD = frozenset(_words("min max std sd stddev var num count n weight scaler"))

#: Beside a loss, what it was once, or how it changed.
NO_VALUE = frozenset(
    _words(
        "scale best improve improved improvement target delta diff change reduction reached "
        "convergence"
    )
)

#: What rows are counted by, most telling first; from the clocks on only where nothing else counts.
CLOCKS = _words("wall_time walltime timestamp _timestamp time relative_time _runtime index")
COUNTERS = (
    _words("global_step step steps _step trainer_global_step iteration iterations iter iters it")
    + _words("niter nit num_updates updates update num_batches batches training_iteration")
    + _words(
        "total_timesteps time_total_timesteps time_steps timesteps samples_seen consumed_samples"
    )
    + _words(
        "epoch epochs epoch_id ep e round rounds num_boost_round batch batch_idx tree trees counter"
    )
    + CLOCKS
)

#: Words in front of what rows are counted by: current_steps, number_of_trees, train/global_step;
#: and what holds a record's fields: data/step.
COUNTED = frozenset(
    _words("current cur number of n nb num no idx id i total done seen global trainer inner outer")
    + _words("optimizer optimization optim opt boosting env environment")
    + _words("data payload fields record body entry progress")
)

#: Words of a name that say how a value was taken, not of what.
GRAINS = frozenset(
    _words(
        "epoch step batch iter iteration avg average mean total sum all overall combined "
        "running smoothed "
        "smooth ema median raw per every dataloader idx loader final whole full batches "
        "mb minibatch"
    )
)

#: What may count rows where nothing else does, and where it goes on rising.
MAY_COUNT = frozenset(
    _words(
        "i j k t n x num idx time tokens samples examples images frames kimg sweep cycle generation"
    )
    + _words("gen timestep estimators day days week elapsed wall clock hours minutes seconds secs")
    + _words("min sec hour minute second progress percent percentage pct")
)

#: What a run is called by, and what says which part of the data a row is about.
RUNS = (
    _words("run run_id run_name run_uuid runid experiment experiment_id experiment_name exp trial")
    + _words("trial_id trial_name fold cv_fold kfold split_id seed random_seed model model_name")
    + _words("name config variant job session replica member optimizer algorithm method")
)
PARTS = _words("phase split set subset stage mode dataset partition part data kind type") + _words(
    "train_or_val group source"
)

#: What a loss of several parts is called, and the parts of some models.
TOTALS = frozenset(("total", "sum", "all", "overall", "combined"))
MEANS = frozenset(("avg", "average", "mean"))
GENERATOR = frozenset(("g", "gen", "generator"))
DISCRIMINATOR = frozenset(("d", "dis", "disc", "discriminator", "critic"))
REINFORCEMENT = frozenset(
    (
        "policy",
        "value",
        "actor",
        "critic",
        "q",
        "qf",
        "vf",
        "pg",
        "td",
        "entropy",
        "advantage",
        "surrogate",
    )
)

#: Optimizers, by which runs are told apart.
OPTIMIZERS = (
    "sgd|momentum|nesterov|adam|adamw|adagrad|rmsprop|nadam|radam|adamax|adadelta|lion|lamb"
    "|lars|adafactor|muon|shampoo|yogi|adan|adabelief|amsgrad|lbfgs|rprop"
)

#: Columns of a long table, one metric a row.
METRIC_NAMES = _words("metric metric_name metricname key tag name variable series")
METRIC_VALUES = _words("value metric_value metricvalue val")


#: Words of other languages by the English one: of those that write no spaces, and of German, in
#: which words grow together, wherever they stand.
_FOREIGN = {
    "loss": r"损失|損失|손실|verlust"
    r"|(?<![^\W_])(?:perte|p[ée]rdida|perda|perdita|потер[ия])(?![^\W_])",
    "error": r"误差|誤差|오차|fehler|(?<![^\W_])(?:erreur|errore|erro|ошибк[аи])(?![^\W_])",
    "validation": r"验证|驗證|検証|검증|validierungs?"
    r"|(?<![^\W_])(?:validaci[óo]n|valida[çc][ãa]o|validazione|валидаци[ия])(?![^\W_])",
    "train": r"训练|訓練|学習|훈련|학습|trainings(?=verlust|fehler)"
    r"|(?<![^\W_])(?:entra[îi]nement|apprentissage|entrenamiento|treino|treinamento|addestramento"
    r"|обучени[яе])(?![^\W_])",
    "test": r"测试|測試|テスト|테스트|(?<![^\W_])тест(?:овая)?(?![^\W_])",
    "epoch": r"轮次|轮|エポック|에포크|epoche|(?<![^\W_])(?:[ée]poque|[ée]poca|эпох[аи])(?![^\W_])",
    "step": r"步数|步|ステップ|스텝|(?<![^\W_])(?:schritt|[ée]tape|paso|passo|шаг)(?![^\W_])",
}
_ANY_FOREIGN = late(
    "|".join(f"(?P<{word}>{foreign})" for word, foreign in _FOREIGN.items()), re.IGNORECASE
)
#: "The 3rd epoch" in Chinese and Japanese.
_ORDINAL = late(r"\u7b2c\s*(\d+(?:\s*/\s*\d+)?)\s*(轮次?|步|エポック|epoch|step)")


def in_english(text: str) -> str:
    """A text whose words for losses, parts of the data and what is counted are English.

    Examples
    --------
    >>> in_english("Validierungsverlust: 0.5"), in_english("検証損失"), in_english("val_loss")
    ('validation loss: 0.5', 'validation loss', 'val_loss')
    """
    if "\u7b2c" in text:
        text = _ORDINAL.sub(r"\2 \1 ", text)
    parts: list[str] = []
    end = 0
    for word in _ANY_FOREIGN.finditer(text):
        parts += [text[end : word.start()], word.lastgroup or ""]
        end = word.end()
    if not parts:
        return text
    # What grew together is set apart.
    result = parts[0]
    for part in (*parts[1:], text[end:]):
        result += " " + part if result[-1:].isalnum() and part[:1].isalnum() else part
    return result


@dataclass(frozen=True)
class Name:
    """A column's name, taken apart.

    Attributes
    ----------
    plain : str
        In small letters, with _ between words.
    words : tuple of str
    part : {"train", "held out", ""}
        Which part of the data it is about.
    kind : {"loss", "error", "higher", "counter", "other", ""}
        What it measures: a loss, an error that falls, a metric that rises, what rows are counted
        by, something else that is known; or unknown.
    stem : tuple of str
        The words that say what is measured.
    grain : tuple of str
        The words that say how it was taken: epoch, step, mean.
    """

    plain: str
    words: tuple[str, ...]
    part: str
    kind: str
    stem: tuple[str, ...]
    grain: tuple[str, ...]


def plain(name: str) -> str:
    """A column's name in small letters, with _ for whatever is between words.

    Examples
    --------
    >>> plain("Loss/train"), plain("validation loss"), plain("trainLoss")
    ('loss_train', 'validation_loss', 'train_loss')
    """
    return _remembered(name) if len(name) <= LONGEST else _in_small_letters(name)


def _in_small_letters(name: str) -> str:
    name = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


#: What is longer is a text, of which none is kept when it has been read.
LONGEST = 400
_remembered = lru_cache(maxsize=1 << 14)(_in_small_letters)


@lru_cache(maxsize=1 << 17)
def parse(name: str) -> Name:
    """Take a column's name apart.

    Examples
    --------
    >>> parse("val_loss_epoch").part, parse("val_loss_epoch").kind, parse("Accuracy").kind
    ('held out', 'loss', 'higher')
    """
    text = plain(in_english(name))
    if "sample" in text:
        found = _SAMPLES.search(text)
        if found and text != "in_sample":
            told = parse(_SAMPLES.sub("val" if found["held"] else "train", text))
            return replace(told, plain=text)
    if text in COUNTERS or name.strip() in {"", "#"} or text.startswith("unnamed"):
        return Name(text, (text,), "", "counter", (text,), ())
    # What is behind a colon sets a loss, and names none: CatBoost's "Huber:delta=1.0".
    bare = _SETTINGS.sub("", name)
    words = tuple((text if bare == name else plain(in_english(bare))).split("_"))
    words = tuple(part for word in words for part in _apart(word))
    counted = "_".join(word for word in words if word not in TRAIN and word not in COUNTED)
    if len(counted) > 2 and counted in COUNTERS and counted not in CLOCKS:
        return Name(text, words, "", "counter", (counted,), ())
    # The first word that names a part decides; that there are folds ("cv") only where it is alone.
    parts = ["train" if w in TRAIN else "held out" for w in words if w in TRAIN or w in HELD_OUT]
    part = (parts[1:] if len(parts) > 1 and words[0] == "cv" else parts or [""])[0]
    rest = [w for w in words if w not in TRAIN and w not in HELD_OUT and not w.isdigit()]
    grain = tuple(word for word in rest if word in GRAINS)
    stem = tuple(word for word in rest if word not in GRAINS)
    if grain == ("per",) and not stem:  # phonemes that are wrong, with nothing that it is per
        stem, grain = grain, stem
    kind = _kind(stem, text)
    if part and stem == ("entropy",):
        kind = "error"  # of a model's words; without a part, of a policy
    return Name(text, words, part, kind, stem, grain)


_SETTINGS = late(r"(?<=\w):[A-Za-z_]+=[\w.+-]+(?:;[A-Za-z_]+=[\w.+-]+)*\Z")

#: Two words written as one, and what they are: trainloss, and of a GAN's parts netG, lossD, errD.
_GROWN = {
    grown: (part, loss)
    for part in TRAIN | HELD_OUT
    if len(part) > 1
    for loss in ("loss", "losses")
    for grown in (part + loss, loss + part)
} | {what + role: (what, role) for what in ("net", "loss", "err") for role in "gd"}
_GROWN |= {letter + "loss": (letter, "loss") for letter in "tv"}

#: Parts of the data in several words.
_SAMPLES = late(r"(?<![a-z])(?:(?P<held>out_of)|in)_sample(?![a-z])")


def _apart(word: str) -> tuple[str, ...]:
    """A word without space between its two: trainloss, valloss, losstrain."""
    return _GROWN.get(word, (word,))


def _kind(stem: tuple[str, ...], text: str) -> str:
    joined = "_".join(stem)
    if not stem:
        return ""
    if (
        joined in OTHER
        or is_rate(stem)
        or any(w in ("norm", "time", "grad", "gnorm", "timestamp") for w in stem)
    ):
        return "other"
    if NO_VALUE & set(stem):
        return "other"
    if joined in ZERO_ONE:
        return "error"
    if any(_without_number(word) in LOSSES for word in stem) and joined != "neg_log_loss":
        # `loss__MIN` and `loss__MAX` are a chart's band around the loss.
        return "other" if stem[-1] in SPREAD else "loss"
    if stem[0] == "l" and len(stem) > 1 and stem[-1] in TERMS_OF_L:
        return "loss"
    if NEGATIVE & set(stem) and LIKELIHOODS & set(stem):
        return "loss"
    if stem[0] == "neg" and (ERRORS & {*stem, "_".join(stem[1:])} or "deviance" in stem):
        return "higher"  # scikit-learn's scores: neg_mean_squared_error
    if errors_of(stem):
        return "error"
    if joined in HIGHER or any(
        word in HIGHER or word.rstrip("0123456789") in HIGHER for word in stem
    ):
        return "higher"
    if any(word in OTHER for word in stem):
        return "other"
    return ""


#: Names of errors of several words that tell by themselves: "metrics/eval/CrossEntropy".
_OF_WORDS = ("cross_entropy", "kl_divergence", "kullback_leibler", "brier_score", "log_cosh")

#: Losses that are numbered where there are several: loss1, loss2.
_NUMBERED = late(r"(?P<loss>loss|losses|cost|nll)\d{1,2}")


def _without_number(word: str) -> str:
    """A loss without its number: loss2."""
    match = _NUMBERED.fullmatch(word)
    return match["loss"] if match else word


def errors_of(stem: Sequence[str]) -> set[str]:
    """The errors that words name, one by one or several together.

    Examples
    --------
    >>> sorted(errors_of(("metrics", "cross", "entropy"))), errors_of(("cross", "country"))
    (['cross_entropy'], set())
    """
    joined = "_".join(stem)
    together = {name for name in _OF_WORDS if f"_{name}_" in f"_{joined}_"}
    return together | {word for word in (*stem, joined) if word in ERRORS}


def is_gradient_norm(name: str) -> bool:
    """Whether a column's name is that of the gradient's norm.

    Examples
    --------
    >>> is_gradient_norm("train/grad_norm"), is_gradient_norm("gnorm"), is_gradient_norm("norm")
    (True, True, False)
    """
    return bool(re.search(r"(?:^|_)(?:grad(?:ient)?s?_?|g)norm(?:$|_)", plain(name)))


def is_rate(words: Iterable[str]) -> bool:
    """Whether words name a learning rate: lr, x/lr0, train_lr, LearnRate, learningRatePerSample.

    Examples
    --------
    >>> is_rate(("x", "lr0")), is_rate(("learning", "rate")), is_rate(("lr", "loss"))
    (True, True, False)
    """
    held = set(words)
    if held & LOSSES:
        return False
    return any(re.fullmatch(r"lr\d*", word) for word in held) or (
        "rate" in held and bool(held & {"learning", "learn"})
    )
