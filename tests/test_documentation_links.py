"""Diagrams of estimators in notebooks link to our reference."""

import re
from importlib import metadata

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import skuhas
from skuhas._common import _documented

ESTIMATORS = [
    name
    for name in skuhas.__all__
    if isinstance(getattr(skuhas, name), type)
    and issubclass(getattr(skuhas, name), BaseEstimator)
]
SITE = "https://docs.example/skuhas"


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("SKUHAS_DOCUMENTATION", SITE + "/")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_has_its_page(name, site):
    estimator = getattr(skuhas, name).__new__(getattr(skuhas, name))
    assert estimator._get_doc_link() == f"{SITE}/api/generated/skuhas.{name}.html"


def test_the_list_is_not_empty():
    assert {"LiteFeatures", "DenseCRF", "LinkageSegmenter"} < set(ESTIMATORS)


def test_the_diagram_of_a_pipeline(site):
    pipeline = make_pipeline(
        skuhas.ColorFeatures(), skuhas.HierarchicalSpectralSegmenter()
    )
    links = re.findall(r'href="([^"]*)"', estimator_html_repr(pipeline))
    ours = {link for link in links if link.startswith(SITE)}
    assert {
        f"{SITE}/api/generated/skuhas.ColorFeatures.html",
        f"{SITE}/api/generated/skuhas.HierarchicalSpectralSegmenter.html",
    } <= ours


def test_the_site_of_the_installed_package(monkeypatch):
    monkeypatch.delenv("SKUHAS_DOCUMENTATION", raising=False)
    _documented._site.cache_clear()
    entries = metadata.metadata("skuhas").get_all("Project-URL") or []
    sites = [e.split(", ")[1] for e in entries if e.startswith("Documentation")]
    link = skuhas.ColorFeatures()._get_doc_link()
    page = "api/generated/skuhas.ColorFeatures.html"
    assert link == (f"{sites[0]}/{page}" if sites else "")


def test_without_a_site_there_is_no_link(monkeypatch):
    monkeypatch.delenv("SKUHAS_DOCUMENTATION", raising=False)

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "metadata", missing)
    _documented._site.cache_clear()
    assert skuhas.ColorFeatures()._get_doc_link() == ""
    _documented._site.cache_clear()


def test_classes_of_others_do_not_link_to_our_reference(site):
    class Own(skuhas.ColorFeatures):
        pass

    assert Own()._get_doc_link() == ""
