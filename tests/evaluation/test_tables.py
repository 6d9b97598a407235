"""Tables as one reads them, and the published figures beside ours."""

import json
import os
from pathlib import Path

import pytest

from skuhas import Evaluation, LabelHierarchy, dataset_names
from skuhas.evaluation import Cell, Interval, Record, Row, Table
from skuhas.evaluation._figures import FIGURES
from skuhas.evaluation._published import _read, paper_figures, published_rows

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("SKUHAS_SHARED", REPOSITORY.parent / "shared"))
HIERARCHY_OF = _read()["hierarchies"]
PAPER = SHARED / "reference" / "paper_tables.json"


def made(
    dataset="cityscapes", hierarchy="cityscapes", scores=((0.4, 0.6), (0.3, 0.3)), n=10
):
    """Return an evaluation by as many methods as there are pairs of scores.

    Images have the first and the second score in turn.
    """
    names = ["skuhas", "rival", "third"][: len(scores)]
    records = []
    for image in range(n):
        methods = {}
        for name, values in zip(names, scores, strict=True):
            value = values[image % 2]
            figures = {"nm_covering": value, "nh_covering": value / 2}
            figures |= {"n_nodes": 9, "n_leaves": 5}
            tables = {"classes": {"1 cat": [3, 4, 4]}, "nodes": {"animal": [1, 2, 2]}}
            entry = {"scores": figures, "tables": tables}
            if name != names[0]:
                cut = {"nm_covering": scores[0][image % 2] - 0.01, "n_nodes": 8}
                entry["cut"] = cut
            methods[name] = entry
        records.append(Record(str(image), "done", methods=methods))
    header = {
        "settings": {
            "dataset": dataset,
            "split": "val",
            "kind": "tree",
            "hierarchy": hierarchy,
            "features": {"class": "a.TimmFeatures", "model": "vit"},
            "methods": dict.fromkeys(names),
        }
    }
    return Evaluation(header, records)


def test_a_page_of_markdown():
    assert made().to_markdown() == (Path(__file__).parent / "expected.md").read_text(
        encoding="utf-8"
    )


def test_paper_s_figures_stand_below_ours():
    every, alone, *_ = made().to_tables()
    assert every.head[:3] == ["method", "NMCovering", "NHCovering"]
    assert [row.name for row in every.rows] == ["skuhas", "rival", "the paper"]
    paper = every.rows[-1]
    assert paper.published
    assert [cell.text for cell in paper.cells] == ["51.1", "43.8", "53.7", "78.8"]
    assert alone.rows[-1].cells[0].text == "48.8"
    for other in (made("mine"), made(hierarchy="potsdam")):
        assert not any(row.published for row in other.to_tables()[0].rows)


def test_the_best_of_a_column_is_strong():
    table = made(scores=((0.4, 0.6), (0.3, 0.3), (0.7, 0.3))).to_tables()[0]
    strong = [[cell.strong for cell in row.cells[:2]] for row in table.rows[:3]]
    # Equal means are both the best.
    assert strong == [[True, True], [False, False], [True, True]]
    alone = made(scores=((0.4, 0.6),)).to_tables()[0]
    assert not any(cell.strong for row in alone.rows for cell in row.cells)


@pytest.mark.parametrize(
    ("rival", "verdict"),
    [((0.3, 0.3), "ahead"), ((0.6, 0.8), "behind"), ((0.5, 0.5), "undecided")],
)
def test_verdicts(rival, verdict):
    result = made(scores=((0.4, 0.6), rival))
    (table,) = [each for each in result.to_tables() if "no more nodes" in each.title]
    (row,) = table.rows
    assert [cell.aside for cell in row.cells[:2]] == ["9 nodes", "8 nodes"]
    assert "decide nothing" not in table.note
    assert row.cells[-1] == Cell(verdict, strong=verdict != "undecided")
    low = result.differences()["rival"]["nm_covering"]["difference"]
    assert isinstance(low, Interval)


def test_few_images_have_no_verdict():
    result = made(n=9)
    assert result.differences()["rival"]["nm_covering"]["difference"].excludes_zero
    (table,) = [each for each in result.to_tables() if "no more nodes" in each.title]
    assert table.rows[0].cells[-1] == Cell("too few images")
    assert table.note.endswith(" Fewer than 10 images decide nothing.")


def test_a_rival_with_more_nodes_is_cut_too():
    result = made()
    for entry in result.entries("rival").values():
        entry["own_cut"] = {"nm_covering": 0.2, "n_nodes": 8}
    row = result.differences()["rival"]
    assert row["nm_covering"]["method"] == pytest.approx(0.2)
    assert row["n_nodes"]["method"] == 8
    assert set(result.table()["cut_n_nodes"][1::2]) == {8}


def test_names_with_bars_do_not_break_the_table():
    table = Table("A", ["method", "x"], [Row("a|b", [Cell("1")])])
    assert table.to_markdown().splitlines()[-1] == r"| a\|b   | 1 |"


def settings(name):
    return {"dataset": name, "hierarchy": HIERARCHY_OF[name]}


def test_published_figures_are_those_of_the_paper():
    if not PAPER.is_file():
        pytest.skip("the paper's tables are not beside the repository")
    paper = json.loads(PAPER.read_text(encoding="utf-8"))
    names = {name.replace("-", ""): name for name in dataset_names()}
    names |= {"pascalvoc2012": "voc2012", "mscoco": "coco"}
    columns = {
        "classes": {
            "mIoU": "mean_iou",
            "pAcc": "pixel_accuracy",
            "mAcc": "mean_accuracy",
            "fwIoU": "frequency_weighted_iou",
            "NMCovering": "nm_covering_classes",
        },
        "nodes": {
            "mIoU": "mean_iou_nodes",
            "pAcc": "pixel_accuracy_nodes",
            "NMCovering": "nm_covering",
            "NHCovering": "nh_covering",
        },
    }
    n_rows = 0
    for part, table in (
        ("granularity_agnostic", "classes"),
        ("hierarchy_agnostic", "nodes"),
    ):
        for title, values in paper[part].items():
            if title == "columns":
                continue
            name = names[title.lower().replace("-", "").replace(" ", "")]
            keys = [columns[table][column] for column in paper[part]["columns"]]
            rows = [
                row
                for row in published_rows(settings(name), table)
                if row["method"] == "the paper"
            ]
            found = {key: round(100 * v, 2) for key, v in rows[0]["figures"].items()}
            assert found == dict(zip(keys, values, strict=True)), title
            n_rows += 1
    assert n_rows == 13


def test_rivals_of_boundary_potentials():
    if not PAPER.is_file():
        pytest.skip("the paper's tables are not beside the repository")
    paper = json.loads(PAPER.read_text(encoding="utf-8"))
    values = dict(paper["boundary_potential_COCO-Stuff"])
    assert values.pop("columns") == ["mIoU", "NMCovering", "NHCovering"]
    found = {
        table: {
            row["method"].replace("the paper, ", "ours "): row["figures"]
            for row in published_rows(settings("coco-stuff"), table)
        }
        for table in ("nodes", "classes")
    }
    for method, (iou, covering, weighted) in values.items():
        # That mIoU is over classes: ours without CRF is that of their main table.
        assert found["classes"][method] == {"mean_iou": round(iou / 100, 3)}
        assert found["nodes"][method] == {
            "nm_covering": round(covering / 100, 3),
            "nh_covering": round(weighted / 100, 3),
        }
    tables = made("coco-stuff", "cocostuff").to_tables()
    assert "NHCovering is 42.9" in tables[0].note
    assert "42.9" not in tables[1].note


def test_published_figures_have_columns_and_data_sets():
    assert paper_figures(settings("voc2012"))["nm_covering_classes"] == 0.754
    assert paper_figures({"dataset": "nothing", "hierarchy": None}) == {}
    assert set(HIERARCHY_OF.values()) <= set(LabelHierarchy.names())
    for name in HIERARCHY_OF:
        assert name in dataset_names()
        for table in ("nodes", "classes"):
            for row in published_rows(settings(name), table):
                assert set(row["figures"]) <= set(FIGURES)
                assert all(0 < value < 1 for value in row["figures"].values())
