#!/usr/bin/env bash
# transformers 5.24.0, Trainer: the loss of GPT-2, and its gradients, are too small: divided by a token too
# many for each text.
#
# A text of n tokens has n - 1 that are predicted. Trainer counts them over labels[..., 1:] where the model's
# loss_type is one that shifts the labels (_get_num_items_in_batch), which the library reads off the
# class' name: LlamaForCausalLM has one, GPT2LMHeadModel has none. Its loss shifts all the same, and is
# divided by n. Texts of 2 tokens: half the loss, texts of 24: 23 / 24, in the training, in the logs and in
# eval_loss. The model called by itself gives the right one; Llama's is the same both ways, so that
# perplexities of the two by eval_loss don't compare. Where the first label is -100, as with a prompt that
# is masked, nothing is lost.
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
SIZES = {"vocab_size": 16, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
GPT2 = transformers.GPT2LMHeadModel(
    transformers.GPT2Config(
        n_positions=32, n_embd=16, n_layer=1, n_head=1, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, **SIZES
    )
)
LLAMA = transformers.LlamaForCausalLM(
    transformers.LlamaConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, **SIZES
    )
)


def losses(model, length, masked=0):
    """The model's own loss on four texts, and eval_loss and the first training loss by Trainer."""
    tokens = torch.arange(1, length + 1) % 15
    labels = torch.where(torch.arange(length) < masked, -100, tokens)
    texts = [{"input_ids": tokens, "labels": labels}] * 4
    with torch.no_grad():
        own = model(input_ids=tokens[None], labels=labels[None]).loss.item()
    settings = transformers.TrainingArguments(
        "out",
        max_steps=1,
        logging_steps=1,
        learning_rate=0.0,
        per_device_train_batch_size=4,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = transformers.Trainer(model, settings, train_dataset=texts, eval_dataset=texts)
    with contextlib.redirect_stdout(io.StringIO()):
        trainer.train()
        return own, trainer.evaluate()["eval_loss"], trainer.state.log_history[0]["loss"]


print("transformers", transformers.__version__)
for model in (GPT2, LLAMA):
    for length, masked in ((2, 0), (4, 0), (24, 0), (24, 8)):
        own, evaluated, trained = losses(model, length, masked)
        name = type(model).__name__
        print(f"{name} loss_type {model.loss_type}: {length} tokens, {masked} masked:", end=" ")
        print("own", round(own, 4), "eval_loss", round(evaluated, 4), "training", round(trained, 4))
        part = (length - 1) / length if model is GPT2 and not masked else 1
        assert abs(evaluated - part * own) < 1e-4 and abs(trained - part * own) < 1e-3
PYTHON
