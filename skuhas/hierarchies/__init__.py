"""Class trees: which classes a data set's labels mean and how they nest."""

from skuhas.hierarchies._label_hierarchy import LabelHierarchy

__all__ = ["LabelHierarchy"]
