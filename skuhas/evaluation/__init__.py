"""A data set, methods and scores to a table, with intervals and tests."""

from skuhas.evaluation._bootstrap import Interval
from skuhas.evaluation._compare import Comparison, Difference, compare_runs
from skuhas.evaluation._methods import OURS, REFINED, make_method, method_names
from skuhas.evaluation._records import Record
from skuhas.evaluation._result import Evaluation
from skuhas.evaluation._run import evaluate
from skuhas.evaluation._tables import Cell, Row, Table

__all__ = [
    "OURS",
    "REFINED",
    "Cell",
    "Comparison",
    "Difference",
    "Evaluation",
    "Interval",
    "Record",
    "Row",
    "Table",
    "compare_runs",
    "evaluate",
    "make_method",
    "method_names",
]
