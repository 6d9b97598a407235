"""Formulas as MathML, made at build by docutils, with the font that they need.

Nothing is fetched and no script runs in the reader's browser. The font is STIX Two
Math (SIL Open Font License 1.1), which the package ziamath brings along; of it the
site gets the letters that its formulas use, with their larger variants.
"""

import html
import re
from importlib.resources import files
from pathlib import Path

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from fontTools import subset
from sphinx.util import logging

logger = logging.getLogger(__name__)
FONT = "STIXTwoMath.woff"
# Letters of every formula, so that a subset serves pages built at other times too.
ALWAYS = "0123456789()[]{}|,.;:!?/=+-−<>·∑∏√‖′"

# What docutils lacks, in words that it has.
REPLACED = [
    (re.compile(r"('+)"), lambda m: r"^{" + r"\prime" * len(m[1]) + "}"),
    (re.compile(r"\\(Bigg|bigg|Big|big)(?=[^a-zA-Z]|\\)"), lambda m: rf"\{m[1]}l"),
    (re.compile(r"\\dots\b"), lambda m: r"\ldots"),
    (re.compile(r"\\(ln|log)\s+(?=\w)"), lambda m: rf"\{m[1]}\,"),
]
# An index after an accent belongs beside the letter, and docutils puts it below.
ACCENTED = re.compile(
    r"<munderover><mi>(\w)</mi>(.*?)(<mo[^>]*>[ˉˆ~]</mo>)</munderover>"
)
BESIDE = r'<msub><mover accent="true"><mi>\1</mi>\3</mover>\2</msub>'


def convert(source, *, display):
    """Return a formula as MathML, with its source for those who copy it."""
    text = source.strip()
    for pattern, replacement in REPLACED:
        text = pattern.sub(replacement, text)
    mathml = tex2mathml(text, as_block=display)
    # White space between elements is for people, and would be a third of a page.
    mathml = re.sub(r">\s+<", "><", mathml.strip())
    mathml = ACCENTED.sub(BESIDE, mathml)
    # Bars of a norm are as high as a letter, unless \left and \right ask for more.
    mathml = re.sub(r"<mo((?: class=\"\w+\")?)>‖", r'<mo\1 stretchy="false">‖', mathml)
    body = mathml[mathml.index(">") + 1 : mathml.rindex("<")]
    opening = mathml[: mathml.index(">") + 1]
    annotation = f'<annotation encoding="application/x-tex">{html.escape(source)}'
    return (
        f"{opening}<semantics><mrow>{body}</mrow>{annotation}</annotation>"
        "</semantics></math>"
    )


def _mathml(writer, node, *, display):
    try:
        mathml = convert(node.astext(), display=display)
    except (MathError, AttributeError) as error:
        logger.warning("formula %r: %s", node.astext(), error, location=node)
        return f"<code>{html.escape(node.astext())}</code>"
    # The letters between tags, the source left out.
    shown = re.sub("<[^>]*>", "", mathml[: mathml.index("<annotation")])
    writer.builder.env.skuhas_letters.update(html.unescape(shown))
    return mathml


def visit_math(self, node):
    self.body.append(_mathml(self, node, display=False))
    raise nodes.SkipNode


def visit_math_block(self, node):
    number = node.get("number")
    self.body.append(self.starttag(node, "div", CLASS="math-block"))
    self.body.append(f"<div>{_mathml(self, node, display=True)}</div>")
    if number is not None:
        label = f"equation-{node['label']}"
        self.body.append(
            f'<a class="eqno" id="{label}" href="#{label}" '
            f'title="Link to this equation">({number})</a>'
        )
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _start(app):
    # Formulas of pages that are not written again are not seen by this build.
    app.env.skuhas_letters = set(ALWAYS) | getattr(app.env, "skuhas_letters", set())


def _write_font(app, exception):
    if exception or app.builder.format != "html":
        return
    options = subset.Options(flavor="woff", layout_features=["*"], notdef_outline=True)
    source = files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"
    with source.open("rb") as stream:
        font = subset.load_font(stream, options)
        subsetter = subset.Subsetter(options)
        # Formulas in MathML write x, and show the italic letter.
        letters = "".join(app.env.skuhas_letters)
        subsetter.populate(text=letters + "".join(map(_italic, letters)))
        subsetter.subset(font)
        target = Path(app.outdir) / "_static" / FONT
        subset.save_font(font, str(target), options)


def _italic(letter):
    """Return the mathematical italic form of a letter, or the letter."""
    if letter == "h":
        return "\N{PLANCK CONSTANT}"
    for first, last, italic in (
        ("A", "Z", 0x1D434),
        ("a", "z", 0x1D44E),
        ("Α", "Ω", 0x1D6E2),
        ("α", "ω", 0x1D6FC),
    ):
        if first <= letter <= last:
            return chr(italic + ord(letter) - ord(first))
    return letter


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("builder-inited", _start)
    app.connect("build-finished", _write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
