"""What a worker does: one image to features, trees and scores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skuhas.batch import FATAL, Job, Outcome, portable, reason, worker_threads
from skuhas.evaluation._digests import digests_of
from skuhas.evaluation._pictures import best_cut_picture
from skuhas.evaluation._records import DONE, FAILED, LEFT_OUT, NO_TRUTH, Record
from skuhas.evaluation._scores import Truth


@dataclass(frozen=True)
class Item:
    """A sample, under the names by which batch speaks of images."""

    sample: Any

    @property
    def name(self) -> str:
        """The sample's id."""
        return self.sample.id

    @property
    def source(self) -> str | None:
        """Path of the image, None where it is no file."""
        image = self.sample.image
        return str(image) if isinstance(image, (str, Path)) else None


@dataclass(frozen=True)
class Evaluator:
    """What all images of a run have in common.

    Parameters
    ----------
    features : transformer
    methods : dict of str to estimator
        The first is the reference, whose tree is cut to the size of the others'.
    n_threads : int
        Threads of torch.
    pictures : bool
        Whether records carry the reference's best cut.
    """

    features: Any
    methods: dict[str, Any]
    n_threads: int
    pictures: bool

    def outcomes(self, job: Job) -> Iterator[Outcome]:
        """Yield an Outcome for each image; what is wrong with one is in its record."""
        try:
            with worker_threads(self.n_threads, self.features):
                for index, item in job.undone():
                    yield Outcome([(index, self._record(item.sample))])
        except FATAL as error:
            yield Outcome([], portable(error))

    def lost(self, item: Item, text: str) -> Record:
        """Return the record of an image that kills its workers."""
        return Record(item.name, FAILED, text, *digests_of(item.sample))

    def _record(self, sample: Any) -> Record:
        record = Record(sample.id, DONE, None, *digests_of(sample))
        try:
            self._fill(record, sample)
        except FATAL:
            raise
        # One bad image must not cost the others, whatever is wrong with it.
        except Exception as error:  # noqa: BLE001
            record.status, record.error = FAILED, _why(error, sample)
        return record

    def _fill(self, record: Record, sample: Any) -> None:
        target = sample.target()
        truth = None if target is None else Truth(target, sample.hierarchy)
        if truth is None or not truth.has_foreground:
            # Nothing is computed for an image that cannot be scored.
            there = sample.label_map() is not None
            record.status = LEFT_OUT
            record.error = "every pixel is ignored or background" if there else NO_TRUTH
            return
        begin = time.perf_counter()
        feature_map = self.features.transform([sample.image])[0]
        seconds = time.perf_counter() - begin
        reference = None
        failures = []
        for name, method in self.methods.items():
            try:
                begin = time.perf_counter()
                (tree,) = method.predict([feature_map])
                passed = time.perf_counter() - begin
                entry = _entry(truth, tree, seconds, passed)
                if reference is not None:
                    n_nodes = tree.n_nodes
                    if n_nodes > reference.n_nodes:
                        own = _at_nodes(truth, tree, reference.n_nodes)
                        entry["own_cut"], n_nodes = own, int(own["n_nodes"])
                    entry["cut"] = _at_nodes(truth, reference, n_nodes)
            except FATAL:
                raise
            # Nor must a method that fails cost what others come to.
            except Exception as error:  # noqa: BLE001
                failures.append(f"{name}: {_why(error, sample)}")
                continue
            record.methods[name] = entry
            record.shape = [int(side) for side in tree.shape]
            if name == next(iter(self.methods)):
                reference = tree
                if self.pictures:
                    record.picture = best_cut_picture(truth, tree)
        if failures:
            record.status, record.error = FAILED, "; ".join(failures)


def _entry(truth: Truth, tree: Any, features: float, passed: float) -> dict[str, Any]:
    scores, tables = truth.scores(tree)
    scores |= {
        "n_nodes": int(tree.n_nodes),
        "n_leaves": int(tree.n_leaves),
        "seconds_features": round(features, 4),
        "seconds_tree": round(passed, 4),
    }
    return {"scores": scores, "tables": tables}


def _at_nodes(truth: Truth, tree: Any, n_nodes: int) -> dict[str, float]:
    """Score a tree cut so that it has at most so many nodes."""
    # A tree of n leaves, all of whose splits split, has 2 n - 1 nodes at most.
    cut = tree.cut(n_regions=max(1, (n_nodes + 1) // 2))
    return truth.coverings(cut) | {"n_nodes": int(cut.n_nodes)}


def _why(error: Exception, sample: Any) -> str:
    return reason(error, Item(sample))
