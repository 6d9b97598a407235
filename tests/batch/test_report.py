"""Progress: lines in a file, a bar on a terminal, and the figures in both."""

import io

import pytest
from rich.console import Console

from skuhas.batch import ImageRecord, _report
from skuhas.batch._report import Report


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(_report, "time", clock)
    return clock


def record(status="done", error=None):
    return ImageRecord("a", "a.png", status, error=error)


def test_a_line_now_and_then_where_there_is_no_terminal(clock, capsys):
    with Report(1000, 100, verbose=1) as report:
        for _ in range(65):
            clock.now += 1.0
            report.add(record())
        report.add(record("failed", "bad.png: \udcff is no [image]"))
    assert capsys.readouterr().err.splitlines() == [
        "100 of 1000 images are done already",
        "130 of 1000 images, 1 images/s, 14 min 30 s left",
        "160 of 1000 images, 1 images/s, 14 min 00 s left",
        "failed bad.png: \\udcff is no [image]",
    ]


def test_the_rate_is_that_of_late(clock):
    report = Report(2000, 0, verbose=0)
    for seconds in (10.0,) * 50 + (0.5,) * 300:
        clock.now += seconds
        report.add(record())
    assert report.pace() == "2 images/s, 13 min 45 s left"


def test_a_bar_on_a_terminal(clock, monkeypatch):
    stream = io.StringIO()

    def console(stderr):
        return Console(file=stream, force_terminal=True, width=100)

    monkeypatch.setattr("rich.console.Console", console)
    with Report(10, 0, verbose=1) as report:
        for _ in range(4):
            clock.now += 2.0
            report.add(record())
        report._bar.refresh()
    shown = stream.getvalue()
    assert "4/10" in shown
    assert "0.5 images/s, 12 s left" in shown


def test_silence(clock, capsys):
    with Report(2, 1, verbose=0) as report:
        report.say("something")
        report.add(record("failed", "x"))
    assert capsys.readouterr() == ("", "")
