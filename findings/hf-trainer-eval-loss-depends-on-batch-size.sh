#!/usr/bin/env bash
# transformers 5.24.0, Trainer: the eval_loss of a language model changes with per_device_eval_batch_size,
# and is another mean than the training loss beside it.
#
# In training the mean is over the tokens of all batches that make an update. In evaluation each batch's mean
# over its tokens counts as often as the batch has texts (evaluation_loop repeats it so). Eight texts of 32
# tokens that the model knows, and eight of 4 that it doesn't, alternating: 1.26, the mean per text, with
# batches of one text; 0.23, the mean per token, with batches of two or all; 0.38 with batches of three, for
# the very same model and data. A perplexity from it is on a scale that another batch size doesn't share.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
export HOME="$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  torch==2.13.0 transformers==5.24.0 accelerate==1.15.0 numpy==2.4.6
env/bin/python - <<'PYTHON'
import contextlib
import io

import torch
import transformers

transformers.logging.set_verbosity_error()
transformers.set_seed(0)
WIDTH, KNOWN, UNKNOWN = 32, 3, 7
MODEL = transformers.LlamaForCausalLM(
    transformers.LlamaConfig(
        vocab_size=16,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=1,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
)


def text(length, token):
    """One token again and again, padded."""
    real = torch.arange(WIDTH) < length
    return {
        "input_ids": torch.where(real, token, 0),
        "attention_mask": real.long(),
        "labels": torch.where(real, token, -100),
    }


def trainer(**settings):
    """A trainer that is silent."""
    arguments = transformers.TrainingArguments(
        "out", use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True, logging_steps=1, **settings
    )
    return transformers.Trainer(MODEL, arguments, train_dataset=TEXTS, eval_dataset=TEXTS)


TEXTS = [text(WIDTH, KNOWN)]
with contextlib.redirect_stdout(io.StringIO()):
    trainer(max_steps=60, learning_rate=0.01).train()
TEXTS = [text(WIDTH, KNOWN), text(4, UNKNOWN)] * 8
MODEL.eval()
whole = {name: torch.stack([each[name] for each in TEXTS]) for name in TEXTS[0]}
with torch.no_grad():
    by_token = MODEL(**whole).loss.item()
    by_text = sum(MODEL(**{k: v[None] for k, v in each.items()}).loss.item() for each in TEXTS) / len(TEXTS)
found = {}
with contextlib.redirect_stdout(io.StringIO()):
    for size in (1, 2, 3, 16):
        found[size] = trainer(per_device_eval_batch_size=size).evaluate()["eval_loss"]
    training = trainer(max_steps=1, learning_rate=0.0, per_device_train_batch_size=1, gradient_accumulation_steps=16)
    training.train()
trained = training.state.log_history[0]["loss"]
print("transformers", transformers.__version__)
print("per token", round(by_token, 4), "per text", round(by_text, 4), "training", round(trained, 4))
print("eval_loss by batch size:", {size: round(loss, 4) for size, loss in found.items()})
assert abs(trained - by_token) < 1e-4 and by_text > 3 * by_token
assert abs(found[1] - by_text) < 1e-4 and abs(found[2] - by_token) < 1e-4 and abs(found[16] - by_token) < 1e-4
assert 1.2 * by_token < found[3] < by_text
PYTHON
