"""Images with a known tree."""

from skuhas.datasets._scenes import NestedScene, make_nested_scene

__all__ = ["NestedScene", "make_nested_scene"]
