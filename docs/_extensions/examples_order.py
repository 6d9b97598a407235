"""In which order the gallery shows its examples: what a reader needs first."""

ORDER = (
    "first_tree",
    "levels_and_cuts",
    "feature_maps",
    "search_by_region",
    "own_features",
    "tissue",
    "textures",
    "choosing_thresholds",
    "paper_settings",
    "other_hierarchies",
    "refining_boundaries",
    "points",
)


class ExamplesOrder:
    """The key of sphinx-gallery to sort scripts by; new ones come last, by name."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        """Return the place of a script."""
        name = filename.removeprefix("plot_").removesuffix(".py")
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)
