"""How far a run is: a bar on a terminal, a line now and then elsewhere."""

import time
from collections import deque

from skuhas.batch._manifest import FAILED

# Seconds between lines where there is no terminal.
INTERVAL = 30.0
# Images that the rate is taken over.
WINDOW = 200


class Report:
    """Progress on standard error: a bar on a terminal, lines elsewhere.

    Parameters
    ----------
    total : int
        Images.
    done : int
        How many of them were done before.
    verbose : int
        0 for silence.
    action : str, default="Segmenting"
        What the bar says.

    Examples
    --------
    >>> from skuhas.batch import Report
    >>> with Report(total=10, done=0, verbose=0) as report:
    ...     report.say("waiting")
    """

    def __init__(self, total, done, verbose, action="Segmenting"):
        self._action = action
        self._total = total
        self._n = done
        self._failed = 0
        self._verbose = verbose
        self._times = deque([time.monotonic()], maxlen=WINDOW)
        self._said = time.monotonic()
        self._bar = None
        self._console = None

    def __enter__(self):
        if not self._verbose:
            return self
        from rich.console import Console

        self._console = Console(stderr=True)
        if self._console.is_terminal:
            self._bar = self._make_bar()
            self._bar.start()
        if self._n:
            self.say(f"{self._n} of {self._total} images are done already")
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.stop()

    def _make_bar(self):
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        bar = Progress(
            TextColumn(self._action),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
        )
        self._task = bar.add_task("", total=self._total, completed=self._n, pace="")
        return bar

    def say(self, text):
        """Print a line.

        Parameters
        ----------
        text : str
        """
        if self._console is not None:
            self._print(text)

    def _print(self, text, style=None):
        from rich.text import Text

        # File names need not be text that can be printed.
        text = text.encode("utf-8", "backslashreplace").decode()
        line = Text.assemble((style[0], style[1]), text) if style else Text(text)
        self._console.print(line, soft_wrap=True, highlight=False)

    def add(self, record):
        """Count an image, and say so if it failed.

        Parameters
        ----------
        record : ImageRecord
            Or anything with a ``status`` and, if that is "failed", an ``error``.
        """
        self._n += 1
        now = time.monotonic()
        self._times.append(now)
        if record.status == FAILED:
            self._failed += 1
            if self._console is not None:
                self._print(record.error, ("failed ", "bold red"))
        if self._bar is not None:
            self._bar.update(self._task, completed=self._n, pace=self.pace())
        elif now - self._said >= INTERVAL:
            self._said = now
            failed = f", {self._failed} failed" if self._failed else ""
            self.say(f"{self._n} of {self._total} images{failed}, {self.pace()}")

    def pace(self):
        """Return the rate of late, and the time that the rest takes at it.

        Returns
        -------
        str
        """
        seconds = self._times[-1] - self._times[0]
        if len(self._times) < 2 or seconds <= 0:
            return ""
        rate = (len(self._times) - 1) / seconds
        left = (self._total - self._n) / rate
        return f"{rate:.3g} images/s, {duration(left)} left"


def duration(seconds):
    """Return a time to two units, such as 2 h 05 min.

    Examples
    --------
    >>> duration(59.6), duration(125), duration(7500), duration(200000)
    ('1 min 00 s', '2 min 05 s', '2 h 05 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
