"""Check a built site: no link inside it leads nowhere, and nothing comes from outside.

    python docs/check_links.py SITE

Links between pages, to files and to places on pages must exist. Scripts, style
sheets, pictures, fonts and frames must be files of the site: what a reader opens
fetches nothing from the network. Links that a reader may follow to other sites are
not tried.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes that name what is loaded with the page, by element.
LOADED = {
    "audio": ["src"],
    "embed": ["src"],
    "iframe": ["src"],
    "image": ["href", "xlink:href"],
    "img": ["src", "srcset"],
    "input": ["src"],
    "link": ["href"],
    "object": ["data"],
    "script": ["src"],
    "source": ["src", "srcset"],
    "track": ["src"],
    "use": ["href", "xlink:href"],
    "video": ["src", "poster"],
}
FOLLOWED = {"a": ["href"], "area": ["href"], "form": ["action"]}
# Links that load nothing.
NAMED_ONLY = {"author", "canonical", "license", "next", "prev", "search", "index"}
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Page(HTMLParser):
    """The places on a page, what it loads and what it links to."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.places = {""}
        self.loaded, self.followed = [], []
        self._in_style = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.places.add(values.get("id"))
        if tag == "a":
            self.places.add(values.get("name"))
        relations = set((values.get("rel") or "").split())
        loads = not (tag == "link" and relations and relations <= NAMED_ONLY)
        for name in LOADED.get(tag, []):
            if values.get(name) and loads:
                self.loaded += _addresses(name, values[name])
            elif values.get(name):
                self.followed.append(values[name])
        for name in FOLLOWED.get(tag, []):
            if values.get(name):
                self.followed.append(values[name])
        if values.get("style"):
            self.loaded += styles(values["style"])
        self._in_style = tag == "style"

    def handle_endtag(self, tag):
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data):
        if self._in_style:
            self.loaded += styles(data)


def _addresses(name, value):
    if name != "srcset":
        return [value]
    return [part.split()[0] for part in re.split(r",\s+", value) if part.strip()]


def styles(text):
    """Return what a style sheet loads."""
    return IN_STYLE.findall(COMMENT.sub("", text))


def is_outside(address):
    """Tell whether an address is on another machine."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp"}


def has_no_file(address):
    """Tell whether an address needs no file: data in itself, mail, a script."""
    return urlsplit(address).scheme in {"data", "blob", "mailto", "javascript", "about"}


def problems(site):
    """Yield what is wrong with a site, a line each.

    Parameters
    ----------
    site : Path
        Folder of HTML pages.

    Yields
    ------
    str
        The page and what is wrong with it.
    """
    site = site.resolve()
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    if not pages:
        yield f"{site}: there are no pages"
    for path, page in pages.items():
        shown = path.relative_to(site)
        for address in page.loaded:
            if is_outside(address):
                yield f"{shown}: loads {address} from outside"
        for address in dict.fromkeys([*page.loaded, *page.followed]):
            if not is_outside(address) and not has_no_file(address):
                fault = _fault(site, pages, path, address)
                if fault:
                    yield f"{shown}: {address}: {fault}"
    for path in sorted(site.rglob("*.css")):
        shown = path.relative_to(site)
        for address in styles(path.read_text(encoding="utf-8", errors="replace")):
            if is_outside(address):
                yield f"{shown}: loads {address} from outside"
            elif not has_no_file(address) and not address.startswith("#"):
                fault = _fault(site, pages, path, address)
                if fault:
                    yield f"{shown}: {address}: {fault}"


def _fault(site, pages, path, address):
    """Return why an address inside the site is wrong, or None."""
    parts = urlsplit(address)
    target = path
    if parts.path:
        base = site if parts.path.startswith("/") else path.parent
        target = (base / unquote(parts.path).lstrip("/")).resolve()
        if target.is_dir():
            target /= "index.html"
        if not target.is_relative_to(site):
            return "leads out of the site"
        if not target.is_file():
            return "there is no such file"
    # What follows is text that browsers look for, and no place.
    place = unquote(parts.fragment.partition(":~:")[0])
    if target in pages and place not in pages[target].places:
        return f"the page has no place {place!r}"
    return None


def main(arguments):
    """Print what is wrong with the site and return the exit status."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    site = Path(arguments[0])
    found = list(problems(site))
    for line in found:
        print(line)
    n_pages = sum(1 for _ in site.rglob("*.html"))
    print(f"{n_pages} pages, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
