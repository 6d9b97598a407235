"""Images per second and memory of the transformers, against a plain timm loop.

    python examples/benchmarks/features.py

The loop reads one file after the other, scales it with Pillow, and calls the
network's ``forward_features``, one image at a time: what one would write
without the library. Networks are randomly initialised, which costs the same as
with weights. Loop and library take turns, so that a busy machine slows both;
their ratio is the median over the turns.

Four tables: throughput by model, size and batch; the library's own work (all
but the forward pass, which is timed inside) as a share of the whole; the peak
of the memory, each row in a process of its own; and what an image costs, in
operations, which no machine can change.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket")
# (model, longer side): small and middling transformers, and the embedded default.
CASES = (
    ("vit_tiny_patch16_224", 224),
    ("dinov2_vits14_reg", 224),
    ("dinov2_vits14_reg", 518),
    ("dinov2_vitb14_reg", 518),
    ("lite", 960),
)


def make_transformer(name, size, **parameters):
    """Return the transformer of a model's name, randomly initialised."""
    from skuhas import DinoFeatures, LiteFeatures, TimmFeatures

    if name == "lite":
        return LiteFeatures(image_size=size, **parameters)
    kind = DinoFeatures if name.startswith("dino") else TimmFeatures
    return kind(model=name, weights="random", image_size=size, **parameters)


def make_files(folder, count, size):
    """Write photographs of 4 : 3, all of one size, as a camera would."""
    from skimage import data

    paths = []
    for index in range(count):
        image = Image.fromarray(getattr(data, PHOTOGRAPHS[index % 4])())
        image = image.resize((size * 3 // 2, size * 9 // 8))
        paths.append(folder / f"{size}_{index}.jpg")
        image.save(paths[-1], quality=90)
    return paths


def plain_loop(transformer, paths):
    """Compute features with timm alone, one image at a time."""
    import torch

    backbone = transformer._backbone("cpu")
    mean = torch.tensor(backbone.mean).view(1, 3, 1, 1)
    std = torch.tensor(backbone.std).view(1, 3, 1, 1)
    results = []
    with torch.inference_mode():
        for path in paths:
            image = Image.open(path).convert("RGB")
            height, width = transformer._scaled((image.height, image.width))
            image = image.resize((width, height), transformer._resample)
            pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
            features = backbone.model.forward_features((pixels / 255 - mean) / std)
            results.append(features[0].numpy())
    return results


def seconds(function, *arguments):
    """Return how long a call takes."""
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def throughput(batches, count, turns, cases):
    """Print images per second of loop and library, and their ratio."""
    print(
        f"{'model':20} {'side':>5} {'batch':>5} {'loop':>8} {'skuhas':>8} {'ratio':>6}"
        "   (images per second)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name, size in cases:
            paths = make_files(Path(folder), count, size)
            for batch in batches:
                transformer = make_transformer(name, size, batch_size=batch)
                # Both warm up on the sizes that they will see.
                plain_loop(transformer, paths[:1])
                transformer.transform(paths[:batch])
                loops, ours = [], []
                for _ in range(turns):
                    loops.append(seconds(plain_loop, transformer, paths))
                    ours.append(seconds(transformer.transform, paths))
                ratio = statistics.median(
                    loop / own for loop, own in zip(loops, ours, strict=True)
                )
                rates = (count / statistics.median(times) for times in (loops, ours))
                loop_rate, own_rate = rates
                print(
                    f"{name:20} {size:5} {batch:5} {loop_rate:8.2f} {own_rate:8.2f} "
                    f"{ratio:6.2f}",
                    flush=True,
                )


def overhead(count, turns, cases):
    """Print the share of the time that is not the forward pass."""
    from skuhas.features import _backbone

    spent = [0.0]
    original = _backbone.Backbone.layers

    def timed(self, *arguments, **keywords):
        begin = time.perf_counter()
        try:
            return original(self, *arguments, **keywords)
        finally:
            spent[0] += time.perf_counter() - begin

    _backbone.Backbone.layers = timed
    print(f"\n{'model':20} {'side':>5} {'ms/image':>9} {'forward':>8} {'rest':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for name, size in cases:
            paths = make_files(Path(folder), count, size)
            transformer = make_transformer(name, size)
            transformer.transform(paths[:2])
            shares, totals = [], []
            for _ in range(turns):
                spent[0] = 0.0
                total = seconds(transformer.transform, paths)
                shares.append(1 - spent[0] / total)
                totals.append(total / count)
            whole, share = statistics.median(totals), statistics.median(shares)
            inside = whole * (1 - share)
            print(
                f"{name:20} {size:5} {whole * 1e3:9.1f} {inside * 1e3:8.1f}"
                f" {share:6.1%}",
                flush=True,
            )
    _backbone.Backbone.layers = original


def one_memory(name, size, batch, shape, tile):
    """Print the growth of the resident set, in MiB, as JSON."""
    transformer = make_transformer(name, size, batch_size=batch, tile=tile)
    small = np.zeros((64, 64, 3), dtype=np.uint8)
    # Imports and weights are not the question.
    make_transformer(name, 64 if name == "lite" else 56).transform([small])
    images = [
        np.random.default_rng(i).integers(0, 256, (*shape, 3), np.uint8)
        for i in range(batch)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    transformer.transform(images)
    taken = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([(after - before) / 1024, after / 1024, taken]))


def memory(rows):
    """Print the peak memory of single calls."""
    print(
        f"\n{'model':20} {'image':>11} {'side':>6} {'tile':>5} {'batch':>5} "
        f"{'MiB more':>9} {'MiB in all':>10} {'seconds':>8}"
    )
    for name, size, batch, shape, tile in rows:
        request = json.dumps([name, size, batch, shape, tile])
        result = subprocess.run(
            [sys.executable, __file__, "--one-memory", request],
            capture_output=True,
            text=True,
            check=True,
        )
        more, total, taken = json.loads(result.stdout.splitlines()[-1])
        print(
            f"{name:20} {shape[1]:5} x {shape[0]:<4}{size or 'own'!s:>6} "
            f"{tile or '-'!s:>5} {batch:5} {more:9.0f} {total:10.0f} {taken:8.1f}",
            flush=True,
        )


def cost(side):
    """Print the operations of one image of 4 : 3, counted without weights."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from skuhas import available_models
    from skuhas.features._backbone import outline

    print(f"\n{'model':20} {'patch':>5} {'tokens':>7} {'MB':>6} {'GFLOP':>7}")
    for model in available_models():
        backbone = outline(model.timm_name, "cost")
        height, width = make_transformer(model.name, side)._scaled((3, 4))
        pixels = torch.zeros(1, 3, height, width, device="meta")
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            backbone.layers(pixels, [len(backbone.strides) - 1])
        tokens = height * width // model.patch_size**2
        megabytes = model.n_parameters * 4 / 1e6
        print(
            f"{model.name:20} {model.patch_size:5} {tokens:7} {megabytes:6.0f} "
            f"{counter.get_total_flops() / 1e9:7.0f}"
        )


MEMORY_ROWS = (
    ("dinov2_vits14_reg", 518, 1, (480, 640), None),
    ("dinov2_vits14_reg", 518, 8, (480, 640), None),
    ("dinov2_vitb14_reg", 518, 1, (480, 640), None),
    ("lite", 960, 1, (480, 640), None),
    ("lite", 960, 8, (480, 640), None),
    ("dinov2_vits14_reg", None, 1, (3000, 4000), 518),
    ("lite", None, 1, (3000, 4000), 1024),
)


def main():
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=12, help="of every turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--model", help="only this model")
    parser.add_argument(
        "--table",
        choices=["throughput", "overhead", "memory", "cost"],
        action="append",
        help="only this table; may be repeated",
    )
    parser.add_argument("--one-memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_memory:
        one_memory(*json.loads(arguments.one_memory))
        return
    import timm
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    print(
        f"torch {torch.__version__}, timm {timm.__version__}, "
        f"{multiprocessing.cpu_count()} cores, {torch.get_num_threads()} threads\n"
    )
    tables = arguments.table or ["throughput", "overhead", "memory", "cost"]
    cases = [case for case in CASES if arguments.model in (None, case[0])]
    rows = [row for row in MEMORY_ROWS if arguments.model in (None, row[0])]
    if "throughput" in tables:
        throughput(arguments.batches, arguments.images, arguments.turns, cases)
    if "overhead" in tables:
        overhead(arguments.images, arguments.turns, cases)
    if "memory" in tables:
        memory(rows)
    if "cost" in tables:
        cost(518)


if __name__ == "__main__":
    main()
