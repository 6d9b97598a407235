"""
Tutorial
========
"""
from skuhas import RegionTree
print(RegionTree)
