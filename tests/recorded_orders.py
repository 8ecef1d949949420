"""The orders of loaders that the tests don't install, recorded with the packages themselves.

``python -m tests.recorded fastai`` writes ``tests/data/orders/fastai.json``, and so for every
loader below, where its package is installed (``tests/environments``): the arguments of a function
of `simopt.orders`, what the package's own loader visited, and the weights at every epoch's end of a
training on it, least squares in double precision. ``--check`` holds the packages to that.
"""

import importlib.metadata
import io
import itertools
import json
import random
import sys
import tempfile
import types
from pathlib import Path

import numpy as np

from tests import recorded_fits
from tests.order_cases import EPOCHS, ETA, D, N, Numbered, batched, case, points, trained

ROOT = Path(__file__).parent / "data" / "orders"


def torchdata():
    """StatefulDataLoader, with and without a generator and workers."""
    import torch
    from torchdata.stateful_dataloader import StatefulDataLoader

    for generator, workers in itertools.product(("own", "global"), (0, 2)):
        torch.manual_seed(42)
        own = torch.Generator().manual_seed(42) if generator == "own" else None
        loader = StatefulDataLoader(Numbered(), 4, shuffle=True, generator=own, num_workers=workers)
        given = {"n": N, "epochs": EPOCHS, "seed": 42, "generator": generator}
        given["workers"] = workers > 0
        yield case("torch_stateful", given, 4, *trained(loader for _ in range(EPOCHS)))


def fastai():
    """A Learner's training, then a loader by itself with one_batch() before."""
    import torch
    from fastai.data.core import DataLoaders
    from fastai.data.load import DataLoader
    from fastai.learner import Callback, Learner, TrainEvalCallback
    from fastai.optimizer import SGD

    x, y = points()
    visited, ends = [], []

    class Points:
        """Taken one by one, in the loader's order."""

        def __len__(self):
            return N

        def __getitem__(self, i):
            visited[-1].append(i)
            return torch.tensor(x[i]), torch.tensor(y[i : i + 1])

    class Looking(Callback):
        """Begins and ends an epoch."""

        def before_epoch(self):
            visited.append([])

        def after_epoch(self):
            ends.append(self.learn.model.weight.detach().ravel().tolist())

    random.seed(42)
    loader = DataLoader(Points(), bs=4, shuffle=True, drop_last=True)
    model = torch.nn.Linear(D, 1, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(model.weight)
    learner = Learner(
        DataLoaders(loader, DataLoader([], bs=4)),
        model,
        loss_func=torch.nn.functional.mse_loss,
        opt_func=SGD,
        cbs=[TrainEvalCallback(), Looking()],
        default_cbs=False,  # the Recorder's smoothing is in single precision
    )
    learner.fit(EPOCHS, lr=ETA, wd=0.0)
    # The points that don't fill a batch are taken, too, and dropped.
    given = {"n": N, "epochs": EPOCHS, "seed": 42}
    yield case("fastai_dataloader", given, 4, [each[: N // 4 * 4] for each in visited], ends)
    random.seed(7)
    DataLoader([], bs=1)
    loader = DataLoader(Numbered(), bs=3, shuffle=True)
    loader.one_batch()
    given = {"n": N, "epochs": EPOCHS, "seed": 7, "made": 1, "passes": 1}
    yield case("fastai_dataloader", given, 3, *trained(loader for _ in range(EPOCHS)))


SPACY = """
[nlp]
lang = "en"
pipeline = ["textcat"]
[components]
[components.textcat]
factory = "textcat"
[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
ngram_size = 1
no_output_layer = false
[corpora]
[corpora.train]
@readers = "simopt.numbered"
[corpora.dev]
@readers = "simopt.numbered"
[training]
seed = {seed}
gpu_allocator = null
max_epochs = {epochs}
max_steps = 0
patience = 0
eval_frequency = 1000
[training.batcher]
@batchers = "simopt.watched"
[training.logger]
@loggers = "simopt.silent"
[initialize]
"""


def spacy():
    """``spacy train`` of a classifier; weights are those of least squares on its batches."""
    import spacy
    from spacy.training import Example
    from spacy.training.initialize import init_nlp
    from spacy.training.loop import train
    from thinc.api import Config

    visited = []

    @spacy.registry.readers("simopt.numbered")
    def numbered():
        def read(nlp):
            for i in range(N):
                labels = {"cats": {"even": float(i % 2 == 0), "odd": float(i % 2)}}
                yield Example.from_dict(nlp.make_doc(f"text {i}"), labels)

        return read

    @spacy.registry.batchers("simopt.watched")
    def watched():
        def batches(examples):
            examples = list(examples)
            visited.append([int(each.text.split()[1]) for each in examples])
            for start in range(0, N, 4):
                yield examples[start : start + 4]

        return batches

    @spacy.registry.loggers("simopt.silent")
    def silent():
        return lambda nlp, stdout, stderr: (lambda info: None, lambda: None)

    for seed in (0, 42):
        visited.clear()
        config = Config().from_str(SPACY.format(seed=seed, epochs=EPOCHS), interpolate=False)
        quiet = io.StringIO()
        train(init_nlp(config), stdout=quiet, stderr=quiet)
        given = {"n": N, "epochs": EPOCHS, "seed": seed}
        yield case("spacy_training", given, 4, *trained(batched(row, 4) for row in visited))


def webdataset():
    """The two shuffles, with buffers smaller and larger than the stream."""
    import webdataset as wds

    names = wds.SimpleShardList([str(i) for i in range(N)])
    for size, initial, again in itertools.product((1, 4, 100), (1, 3, 100), (False, True)):
        if again:
            shuffle = wds.filters.detshuffle(size, initial, 42)
        else:
            shuffle = wds.shuffle(size, initial=initial, seed=42)
        stream = wds.DataPipeline(names, shuffle)
        visited = [[int(row["url"]) for row in stream] for _ in range(EPOCHS)]
        given = {"n": N, "epochs": EPOCHS, "seed": 42, "bufsize": size, "initial": initial}
        given["deterministic"] = again
        yield case("webdataset_shuffle", given, 4, *trained(batched(row, 4) for row in visited))


def streaming():
    """StreamingDataset on shards of different sizes, through its own loader."""
    # Its images, which need torchvision and with that over 5 GB, are left out: loaders need none.
    sys.modules["streaming.vision"] = types.ModuleType("streaming.vision")
    from streaming import MDSWriter, StreamingDataLoader, StreamingDataset

    n = 40
    for kind, block in (("py1e", 4), ("py1e", 16), ("py1e", 1 << 18), ("py1s", 16), ("naive", 16)):
        with tempfile.TemporaryDirectory() as folder:
            # Shards end where the next sample would be too much: the longer texts make fewer.
            columns = {"i": "int", "text": "str"}
            with MDSWriter(out=folder, columns=columns, size_limit=400) as writer:
                for i in range(n):
                    writer.write({"i": i, "text": "x" * (i % 17)})
            index = json.loads((Path(folder) / "index.json").read_text())
            shards = [shard["samples"] for shard in index["shards"]]
            dataset = StreamingDataset(
                local=folder, shuffle=True, shuffle_algo=kind, shuffle_seed=9176,
                shuffle_block_size=block, num_canonical_nodes=1, batch_size=4,
            )  # fmt: skip
            loader = StreamingDataLoader(dataset, batch_size=4)
            visited = [[int(i) for batch in loader for i in batch["i"]] for _ in range(EPOCHS)]
        given = {"shards": shards, "epochs": EPOCHS, "shuffle_seed": 9176, "shuffle_algo": kind}
        given["shuffle_block_size"] = block
        runs = trained(batched(row, 4, n) for row in visited)
        yield case("mosaicml_streaming", given, 4, *runs)


def accelerate():
    """The batches of several processes, and the updates that they take together."""
    from accelerate.data_loader import BatchSamplerShard, SeedableRandomSampler
    from torch.utils.data import BatchSampler

    sizes = ((14, 2, 4), (16, 2, 4), (3, 2, 4), (14, 5, 1), (13, 3, 2), (1, 4, 3))
    for (n, world, size), drop_last in itertools.product(sizes, (False, True)):
        # A sampler for each process, as each has: it counts its passes.
        samplers = [SeedableRandomSampler(range(n), data_seed=42) for _ in range(world)]
        shards = [
            BatchSamplerShard(BatchSampler(sampler, size, drop_last), world, rank)
            for rank, sampler in enumerate(samplers)
        ]
        epochs = []
        for epoch in range(EPOCHS):
            for sampler in samplers:
                sampler.set_epoch(epoch)
            rounds = zip(*[[list(each) for each in shard] for shard in shards], strict=True)
            epochs.append([i for each in rounds for batch in each for i in batch])
        given = {"n": n, "epochs": EPOCHS, "seed": 42, "batch_size": size, "world": world}
        given["drop_last"] = drop_last
        runs = trained(batched(row, size * world, n) for row in epochs)
        yield case("accelerate_batches", given, size * world, *runs)


#: What is recorded: by which function, the package whose version counts, and its environment.
LOADERS = {
    "torchdata": (torchdata, "torchdata", "loaders"),
    "fastai": (fastai, "fastai", "loaders"),
    "spacy": (spacy, "spacy", "loaders"),
    "webdataset": (webdataset, "webdataset", "loaders"),
    "mosaicml-streaming": (streaming, "mosaicml-streaming", "loaders"),
    "accelerate": (accelerate, "accelerate", "loaders"),
    "trainer": (recorded_fits.trainer, "transformers", "torch"),
    "datasets": (recorded_fits.streamed, "datasets", "torch"),
    "tf_data": (recorded_fits.tf_data, "tensorflow-cpu", "tensorflow"),
    "keras": (recorded_fits.keras_on_tensorflow, "keras", "tensorflow"),
}


def record(name):
    """Everything of a loader, as its file holds it."""
    cases, package, _ = LOADERS[name]
    version = f"{package} {importlib.metadata.version(package)}"
    return {"version": version, "cases": list(cases())}


def recorded(name):
    """The file's content."""
    return json.loads((ROOT / f"{name}.json").read_text())


def check(name):
    """How many cases the package still does as recorded, which it must."""
    now, then = record(name), recorded(name)
    assert now["version"] == then["version"], (now["version"], then["version"])
    for here, there in zip(now["cases"], then["cases"], strict=True):
        for key in ("function", "arguments", "batch_size", "visited"):
            assert here[key] == there[key], (name, key)
        np.testing.assert_allclose(here["ends"], there["ends"], rtol=1e-12)
    return len(now["cases"])


def write(name):
    """Record a package; the path of its file, and the version."""
    made, path = record(name), ROOT / f"{name}.json"
    path.write_text(json.dumps(made) + "\n")
    return path, made["version"]
