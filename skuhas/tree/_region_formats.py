"""Conversion to and from formats that hold the pixels of regions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike, NDArray

from skuhas._common import check_integer
from skuhas.tree import _coco, _geojson, _layers, _nested, _nodes
from skuhas.tree._cuts import Cuts
from skuhas.tree._files import TreeFormatError
from skuhas.tree._names import node_names
from skuhas.tree._topology import prune_nodes

if TYPE_CHECKING:
    from typing import Self


class RegionFormats(Cuts):
    """COCO, GeoJSON, TIFF, labelme, and label layers."""

    def to_coco(
        self,
        *,
        image_id: int = 1,
        file_name: str = "",
        first_id: int = 1,
        category: str | None = None,
        compressed: bool = True,
    ) -> dict[str, Any]:
        """Return the tree as a COCO data set of one image.

        Every node is an annotation with the run lengths of its mask, and beside
        COCO's own entries ``parent_id`` (null at the root), ``depth``,
        ``altitude``, ``ncut``, ``perturbation``, ``eigengap`` and, as
        ``data.NAME``, each array of `node_data`. Nan is null there.

        Parameters
        ----------
        image_id : int, default=1
            Number of the image.
        file_name : str, default=""
            Name of the image's file.
        first_id : int, default=1
            Number of the first annotation, node 0; others follow. Give each tree
            its own range to join several into one data set.
        category : str, default=None
            Name of an array of `node_data` whose values become categories. By
            default all nodes are of one, "region".
        compressed : bool, default=True
            If True, run lengths are COCO's strings; otherwise lists of numbers.

        Returns
        -------
        dict
            Ready for ``json.dump``, and what pycocotools reads.

        Raises
        ------
        ValueError
            The tree is not one of an image, or there is no such category array.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 1], [0, 0]])
        >>> annotation = tree.to_coco(compressed=False)["annotations"][0]
        >>> annotation["segmentation"], annotation["bbox"], annotation["parent_id"]
        ({'size': [2, 2], 'counts': [0, 2, 1, 1]}, [0, 0, 2, 2], 3)
        """
        self._check_is_image("to_coco")
        check_integer(image_id, "image_id")
        check_integer(first_id, "first_id", low=0)
        return _coco.document(
            self,
            image_id=int(image_id),
            file_name=file_name,
            first_id=int(first_id),
            category=category,
            compressed=compressed,
        )

    @classmethod
    def from_coco(
        cls,
        document: Mapping[str, Any] | str | os.PathLike[str],
        *,
        image_id: int | None = None,
    ) -> Self:
        """Build a tree from COCO annotations with parents.

        Parameters
        ----------
        document : dict or path-like
            What `to_coco` returns, or a JSON file of it. Others will do whose
            annotations are run-length coded, have a ``parent_id``, and are each
            the union of those under it.
        image_id : int, default=None
            Which image, where there are several.

        Returns
        -------
        RegionTree
            Numbered canonically.

        Raises
        ------
        TreeFormatError
            The document is damaged, or its masks are not nested as its parents
            say.
        ValueError
            There is no such image.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 1], [0, 0]])
        >>> RegionTree.from_coco(tree.to_coco()) == tree
        True
        """
        found, source = _nodes.document_of(document, "document")
        return cls._of_fields(_coco.fields(found, image_id, source), source)

    def to_geojson(
        self, *, transform: Any = None, crs: str | None = None
    ) -> dict[str, Any]:
        """Return the nodes as GeoJSON polygons.

        Polygons follow the edges of the pixels, so that areas are numbers of
        pixels; they have holes, and several parts where pixels touch at corners
        only. Properties are ``node``, ``parent`` (null at the root), ``area`` in
        pixels, ``depth``, ``altitude``, ``ncut``, ``perturbation``, ``eigengap``
        and, as ``data.NAME``, each array of `node_data`. Features come from the
        root down, so that what is drawn last is the finest.

        Parameters
        ----------
        transform : sequence of six float, or object, default=None
            (a, b, c, d, e, f) of ``x = a col + b row + c``, ``y = d col + e row +
            f``, with columns and rows counted from the upper left corner of the
            image: the order of rasterio and of the package affine, whose objects
            may be given themselves. GDAL's own order is (c, a, b, f, d, e). By
            default x is the column and y the row, which points down.
        crs : str, default=None
            Name of the coordinate system, such as ``"EPSG:32633"``, written as the
            member ``crs`` that GDAL and QGIS read. RFC 7946 knows only longitude
            and latitude, and none is needed for those.

        Returns
        -------
        dict
            A FeatureCollection, ready for ``json.dump``.

        Raises
        ------
        TypeError, ValueError
            The tree is not one of an image, or the transform has no inverse.

        References
        ----------
        H. Butler et al. "The GeoJSON Format". RFC 7946, 2016: outer rings run
        counterclockwise, holes clockwise.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 1]])
        >>> transform = (10, 0, 500, 0, -10, 900)
        >>> left = tree.to_geojson(transform=transform)["features"][1]
        >>> left["properties"]["area"], left["geometry"]["coordinates"][0][:3]
        (1, [[500.0, 900.0], [500.0, 890.0], [510.0, 890.0]])
        """
        self._check_is_image("to_geojson")
        return _geojson.document(self, transform=transform, crs=crs)

    @classmethod
    def from_geojson(
        cls,
        document: Mapping[str, Any] | str | os.PathLike[str],
        *,
        shape: tuple[int, int] | None = None,
        transform: Any = None,
    ) -> Self:
        """Build a tree from GeoJSON polygons with parents.

        A pixel belongs to the polygon that its centre lies in.

        Parameters
        ----------
        document : dict or path-like
            What `to_geojson` returns, or a JSON file of it. Others will do whose
            features have an ``id`` or a property ``node``, and a property
            ``parent``.
        shape : (int, int), default=None
            Height and width of the image; by default what the document says.
        transform : sequence of six float, or object, default=None
            As in `to_geojson`; by default what the document says.

        Returns
        -------
        RegionTree
            Numbered canonically.

        Raises
        ------
        TreeFormatError
            The document is damaged, or its polygons are not nested as its parents
            say.
        ValueError
            Neither the document nor the caller says the shape.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 1], [0, 0]])
        >>> RegionTree.from_geojson(tree.to_geojson()) == tree
        True
        """
        found, source = _nodes.document_of(document, "document")
        return cls._of_fields(_geojson.fields(found, shape, transform, source), source)

    def to_tiff(
        self, path: str | os.PathLike[str], *, levels: Sequence[int] | None = None
    ) -> None:
        """Write levels of the tree as the pages of a TIFF.

        Pixels hold the label plus one, 0 outside every region, in 16 bits or 32
        where there are more regions. The description of a page is
        ``{"n_regions": 8, "n_pages": 4}``.

        Parameters
        ----------
        path : path-like
        levels : sequence of int, default=None
            Largest numbers of regions, one a page; by default 2, 4, 8 and so on,
            and last all leaves.

        Raises
        ------
        ImportError
            tifffile is missing, which comes with scikit-image.
        ValueError
            The tree is not one of an image.
        """
        self._check_is_image("to_tiff")
        _layers.write_tiff(self, path, _layers.checked_levels(self, levels))

    @classmethod
    def from_tiff(cls, path: str | os.PathLike[str]) -> Self:
        """Build a tree from the pages of a TIFF, by `from_label_maps`.

        Parameters
        ----------
        path : path-like
            Every page is a label map, 0 outside every region; they are nested,
            from coarse to fine or from fine to coarse.

        Returns
        -------
        RegionTree
            Altitudes fall from 1 to 0 by equal steps with the pages.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        TreeFormatError
            The file is damaged, or its pages are not nested label maps.
        """
        try:
            nodes = _nested.nodes_of_label_maps(_layers.read_tiff(path))
        except ValueError as error:
            if isinstance(error, TreeFormatError):
                raise
            raise TreeFormatError(f"{os.fspath(path)}: {error}") from error
        parents, labels, altitude = prune_nodes(*nodes)
        return cls(parents, labels, altitude=altitude).cut()

    def to_labelme(
        self, image_path: str, *, names: str | Sequence[str] | None = None
    ) -> dict[str, Any]:
        """Return the leaves as shapes of the annotation tool labelme.

        There are no trees there: cut the tree to the level that is to be
        corrected by hand, as in ``tree.cut(n_regions=20).to_labelme("cat.jpg")``.

        Parameters
        ----------
        image_path : str
            Where labelme finds the image, from the folder of the JSON file.
        names : str or sequence of str, default=None
            Labels of the nodes: the name of an array of `node_data`, or one string
            a node. By default their numbers.

        Returns
        -------
        dict
            Ready for ``json.dump``. A region is a polygon, several of one
            ``group_id`` where it has several parts, or a mask where it has holes,
            which polygons have not there.

        Raises
        ------
        ValueError
            The tree is not one of an image, or there are no such names.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([2, 2, 2], [[0, 1]])
        >>> shapes = tree.to_labelme("cat.jpg", names=["left", "right", ""])["shapes"]
        >>> shapes[1]["label"], shapes[1]["points"]
        ('right', [[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]])
        """
        self._check_is_image("to_labelme")
        return _layers.labelme_document(
            self, image_path=os.fspath(image_path), names=node_names(self, names)
        )

    def to_napari(
        self,
        *,
        levels: Sequence[int] | None = None,
        colors: ArrayLike | None = None,
    ) -> list[tuple[NDArray, dict[str, Any], str]]:
        """Return levels of the tree as label layers of the viewer napari.

        napari itself is not needed for it.

        Parameters
        ----------
        levels : sequence of int, default=None
            Largest numbers of regions, one a layer; by default 2, 4, 8 and so on,
            and last all leaves.
        colors : array-like of shape (n_nodes, 3) or (n_nodes, 4), uint8, default=None
            Colour of every node, such as ``skuhas.plotting.region_colors(tree)``;
            by default napari chooses.

        Returns
        -------
        list of (ndarray, dict, "labels")
            For ``napari.layers.Layer.create(*layer)``. The arrays hold the label
            plus one, 0 outside every region; the options a name, a table of the
            nodes' areas, depths, altitudes, figures and data, and the colours.
            Only the first layer is visible at first.

        Raises
        ------
        ValueError
            The tree is not one of an image, or the colours do not fit it.

        Examples
        --------
        >>> from skuhas import RegionTree
        >>> tree = RegionTree.from_parents([3, 3, 4, 4, 4], [[0, 0, 1], [2, 2, 2]])
        >>> (data, options, kind), finest = tree.to_napari()
        >>> data.tolist(), options["name"], options["features"]["area"], kind
        ([[1, 1, 1], [2, 2, 2]], '2 regions', [0, 3, 3], 'labels')
        """
        self._check_is_image("to_napari")
        return _layers.napari_layers(self, _layers.checked_levels(self, levels), colors)

    @classmethod
    def _of_fields(cls, fields: dict[str, Any], source: str) -> Self:
        try:
            return cls(**fields).cut()
        except (TypeError, ValueError) as error:
            raise TreeFormatError(f"{source}: {error}") from error
