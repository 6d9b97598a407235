"""The directive `live-example`: a picture and its tree to play with on a page.

The page of the tree is made at build, from a picture that comes with scikit-image,
and lies in the site as a file of its own, so that pages around it stay small.
"""

from functools import cache
from pathlib import Path

import skimage.data
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import skuhas

FOLDER = "_static/live"
HTML = """<div class="skuhas-live">
<iframe src="{source}" loading="lazy"
  title="A picture of {name} and its tree, to explore"></iframe>
<p><a href="{source}">The tree on a page of its own</a></p>
</div>"""


@cache
def _tree(name):
    image = getattr(skimage.data, name)()
    maps = skuhas.LiteFeatures().transform([image])
    return image, skuhas.HierarchicalSpectralSegmenter().predict(maps)[0]


class LiveExample(SphinxDirective):
    """A frame that holds the page of a picture of scikit-image's."""

    required_arguments = 1

    def run(self):
        (name,) = self.arguments
        env = self.env
        if not hasattr(env, "skuhas_live"):
            env.skuhas_live = set()
        env.skuhas_live.add(name)
        depth = env.docname.count("/")
        source = "../" * depth + f"{FOLDER}/{name}.html"
        return [nodes.raw("", HTML.format(source=source, name=name), format="html")]


def _write(app, exception):
    if exception or app.builder.format != "html":
        return
    for name in sorted(getattr(app.env, "skuhas_live", ())):
        image, tree = _tree(name)
        target = Path(app.outdir) / FOLDER / f"{name}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        tree.to_html(image, target, title=name.capitalize())


def setup(app):
    app.add_directive("live-example", LiveExample)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
