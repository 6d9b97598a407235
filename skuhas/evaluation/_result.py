"""Evaluation: what methods came to on a data set."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from skuhas._common import atomic_write, check_choice
from skuhas.batch import BatchError
from skuhas.evaluation._bootstrap import Interval, bootstrap, difference
from skuhas.evaluation._figures import OF_IMAGES, class_ious, statistics
from skuhas.evaluation._published import paper_figures, source
from skuhas.evaluation._records import (
    DONE,
    FAILED,
    LEFT_OUT,
    read_header,
    read_records,
    without_nan,
    write_records,
)
from skuhas.evaluation._tables import as_markdown, tables_of

RESULTS = "results.json"
IMAGES = "images.csv"
TABLE = "table.md"


class Evaluation:
    """What methods came to on the images of a data set.

    Made by `evaluate`, and read from a folder by `Evaluation.load`.

    Parameters
    ----------
    header : dict
        What the run was over: "settings", "versions", "started" and more.
    records : list of Record
        What became of each image, in the order of the data set.

    Attributes
    ----------
    dataset, split : str
    methods : list of str
        The reference first.
    settings, versions : dict
        What the figures depend on.
    n_images, n_done, n_failed, n_left_out : int
        Images in all; with figures of every method; on which something failed;
        without ground truth, or of which no pixel counts.

    Examples
    --------
    >>> from skuhas import Evaluation
    >>> from skuhas.evaluation import Record
    >>> header = {
    ...     "settings": {
    ...         "dataset": "mine", "split": None, "kind": "regions",
    ...         "features": None, "methods": {"a": None},
    ...     },
    ... }
    >>> records = [
    ...     Record(name, "done", methods={"a": {"scores": {"nm_covering": score},
    ...                                         "tables": {}}})
    ...     for name, score in [("x", 0.5), ("y", 0.75)]
    ... ]
    >>> result = Evaluation(header, records)
    >>> result.summary()["a"]["nm_covering"]
    Interval(value=0.625, low=0.5, high=0.75)
    >>> result.table()["nm_covering"]
    array([0.5 , 0.75])
    """

    def __init__(self, header, records):
        self.settings = header["settings"]
        self.versions = header.get("versions", {})
        self.dataset = self.settings["dataset"]
        self.split = self.settings["split"]
        self.methods = list(self.settings["methods"])
        self._header = dict(header)
        self._records = list(records)
        self.n_images = len(self._records)
        status = [record.status for record in self._records]
        self.n_done = status.count(DONE)
        self.n_failed = status.count(FAILED)
        self.n_left_out = status.count(LEFT_OUT)
        self._summaries: dict[tuple[Any, ...], Any] = {}

    def __repr__(self):
        return (
            f"Evaluation({self.dataset!r}, methods={self.methods}, "
            f"n_images={self.n_images})"
        )

    @property
    def kind(self):
        """What ground truth is: "tree", "classes" or "regions"."""
        return self.settings["kind"]

    @property
    def title(self):
        """Data set, split and number of images in words."""
        split = f" {self.split}" if self.split else ""
        total = self._header.get("n_total", self.n_images)
        first = "" if total == self.n_images else f"the first {self.n_images} of "
        images = f"{first}{total} image{'' if total == 1 else 's'}"
        return f"{self.dataset}{split}, {images}"

    # ------------------------------------------------------------------- images

    def table(self):
        """Return the figures of every image and method.

        Returns
        -------
        dict of str to ndarray
            Columns of equal length: ``"id"``, ``"method"`` and the figures of
            single images, nan where a method failed. Images that were left out
            have no row. With several methods, figures that begin with
            ``"reference_"`` are those of the reference cut to no more nodes than
            the row's tree, nan for the reference itself. Where that tree has more
            nodes than the whole reference, it is cut to no more first, and figures
            that begin with ``"cut_"`` are its own then, nan elsewhere.
        """
        rows = self._rows()
        columns = {
            key: np.array([row[key] for row in rows]) for key in ("id", "method")
        }
        for key in dict.fromkeys(key for row in rows for key in row):
            if key not in columns:
                values = [row.get(key) for row in rows]
                columns[key] = np.array(values, dtype=np.float64)
        return columns

    def _rows(self):
        rows = []
        for record in self._records:
            if record.status == LEFT_OUT:
                continue
            for method in self.methods:
                row = {"id": record.id, "method": method}
                entry = record.methods.get(method)
                if entry is not None:
                    scores = entry["scores"]
                    row |= {key: scores[key] for key in OF_IMAGES if key in scores}
                    for kind, prefix in (("cut", "reference_"), ("own_cut", "cut_")):
                        cut = entry.get(kind, {})
                        row |= {f"{prefix}{key}": value for key, value in cut.items()}
                rows.append(row)
        return rows

    def image_scores(self, figure, method=None):
        """Return a figure of single images.

        Parameters
        ----------
        figure : str
        method : str, default=None
            None for the reference.

        Returns
        -------
        ids : list of str
            Of the images that have it.
        scores : list of float
        """
        pairs = [
            (record.id, entry["scores"].get(figure))
            for record, entry in self._entries(method)
        ]
        pairs = [pair for pair in pairs if pair[1] is not None]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def entries(self, method=None):
        """Return what a method came to on each image, by the image's id.

        Parameters
        ----------
        method : str, default=None
            None for the reference.

        Returns
        -------
        dict of str to dict
            With "scores", and "tables" that add up over images.
        """
        return {record.id: entry for record, entry in self._entries(method)}

    def _entries(self, method):
        name = self.methods[0] if method is None else method
        check_choice(name, "method", self.methods)
        return [
            (record, record.methods[name])
            for record in self._records
            if name in record.methods
        ]

    def failures(self):
        """Return what failed, and why.

        Returns
        -------
        dict of str to str
            Reasons by the ids of the images.
        """
        return {r.id: r.error for r in self._records if r.status == FAILED}

    def left_out(self):
        """Return the images that were not scored, and why.

        Returns
        -------
        dict of str to str
            Reasons by the ids of the images.
        """
        return {r.id: r.error for r in self._records if r.status == LEFT_OUT}

    # ------------------------------------------------------------------ figures

    def summary(self, *, n_resamples=2000, level=0.95, random_state=0):
        """Return the figures of the data set with their bootstrap intervals.

        Parameters
        ----------
        n_resamples : int, default=2000
            How often the images are drawn again, with replacement.
        level : float, default=0.95
        random_state : int, default=0

        Returns
        -------
        dict of str to dict of str to Interval
            By method, and by figure: means over images, and figures of classes
            whose counts are added up over images first.
        """
        key = (n_resamples, level, random_state)
        if key not in self._summaries:
            settings = {
                "n_resamples": n_resamples,
                "level": level,
                "random_state": random_state,
            }
            self._summaries[key] = {
                method: self._figures(method, settings) for method in self.methods
            }
        return self._summaries[key]

    def _figures(self, method, settings):
        entries = list(self.entries(method).values())
        return bootstrap(statistics(entries), len(entries), **settings)

    def differences(self, *, n_resamples=2000, level=0.95, random_state=0):
        """Compare the reference, cut to no more nodes than they have, with the others.

        Where a rival has more nodes than the whole reference, it is cut first.

        Parameters
        ----------
        n_resamples : int, default=2000
        level : float, default=0.95
        random_state : int, default=0

        Returns
        -------
        dict of str to dict of str to dict
            By method and figure: "method" and "reference", the means over the
            images that both have, "n_images", their number, and "difference", the
            Interval by paired bootstrap; positive where the reference is ahead.
            "n_nodes" has the mean numbers of nodes.
        """
        found = {}
        for method in self.methods[1:]:
            rows = [
                (entry["cut"], entry.get("own_cut", entry["scores"]))
                for entry in self.entries(method).values()
                if "cut" in entry
            ]
            found[method] = {}
            if not rows:
                continue
            sides = [
                statistics([{"scores": row[side], "tables": {}} for row in rows])
                for side in (0, 1)
            ]
            ones = np.ones((1, len(rows)))
            intervals = bootstrap(
                {
                    name: difference(*(side[name] for side in sides))
                    for name in rows[0][0]
                },
                len(rows),
                n_resamples=n_resamples,
                level=level,
                random_state=random_state,
            )
            found[method] = {
                name: {
                    "method": float(sides[1][name](ones)[0]),
                    "reference": float(sides[0][name](ones)[0]),
                    "n_images": len(rows),
                    "difference": interval,
                }
                for name, interval in intervals.items()
            }
        return found

    # -------------------------------------------------------------------- tables

    def to_tables(self):
        """Return the tables that `to_markdown` and the command line show.

        Returns
        -------
        list of Table
        """
        return tables_of(self)

    def to_markdown(self):
        """Return title, tables and notes as Markdown.

        Returns
        -------
        str
        """
        return as_markdown(self)

    # --------------------------------------------------------------------- files

    def save(self, folder):
        """Write the results into a folder.

        Parameters
        ----------
        folder : path-like
            Made if need be. It gets ``results.json``, the figures with their
            intervals, settings and versions; ``images.csv``, a row for each image
            and method; ``table.md``; and ``records.jsonl``, which `load` reads.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_records(folder, self._header, self._records)
        self._write_csv(folder / IMAGES)
        with atomic_write(folder / TABLE, "w") as handle:
            handle.write(self.to_markdown())
        # Last, as it says that the run is finished.
        with atomic_write(folder / RESULTS, "w") as handle:
            json.dump(without_nan(self._results()), handle, indent=1)
            handle.write("\n")

    def _write_csv(self, path):
        rows = self._rows()
        errors = self.failures()
        keys = dict.fromkeys(key for row in rows for key in row)
        names = list(dict.fromkeys(["id", "method", "status", *keys, "error"]))
        with atomic_write(path, "w") as handle:
            writer = csv.DictWriter(handle, names, restval="", lineterminator="\n")
            writer.writeheader()
            for row in rows:
                failed = row.keys() == {"id", "method"}
                row["status"] = FAILED if failed else DONE
                if failed:
                    row["error"] = errors.get(row["id"], "")
                writer.writerow(row)
            for name, reason in self.left_out().items():
                writer.writerow({"id": name, "status": LEFT_OUT, "error": reason})

    def _results(self):
        published = paper_figures(self.settings)
        methods = {}
        for method, figures in self.summary().items():
            entries = list(self.entries(method).values())
            methods[method] = {
                "n_images": len(entries),
                "figures": {
                    name: _plain(interval) | _beside(published, name)
                    for name, interval in figures.items()
                },
                "iou_by_class": class_ious(entries, "classes"),
                "iou_by_node": class_ious(entries, "nodes"),
            }
        comparisons = {
            method: {
                name: row | {"difference": _plain(row["difference"])}
                for name, row in rows.items()
            }
            for method, rows in self.differences().items()
        }
        return {
            "format": "skuhas.EvaluationResults",
            "version": 1,
            **self._header,
            "n_done": self.n_done,
            "n_failed": self.n_failed,
            "n_left_out": self.n_left_out,
            "methods": methods,
            "reference_at_no_more_nodes": comparisons,
            "published_in": source() if published else None,
            "failures": self.failures(),
            "left_out": self.left_out(),
        }

    @classmethod
    def load(cls, folder):
        """Read what `save` or `evaluate` has written.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        Evaluation

        Raises
        ------
        BatchError
            There is none, it is not finished, or it is damaged.
        """
        folder = Path(folder)
        header = read_header(folder)
        if not (folder / RESULTS).is_file():
            raise BatchError(
                f"the evaluation in {str(folder)!r} is not finished; resume=True "
                "(--resume) goes on with it."
            )
        return cls(header, read_records(folder))


def _plain(interval):
    return Interval._asdict(interval)


def _beside(published, name):
    return {"published": published[name]} if name in published else {}
