"""Images that may kill their process, where that is the process of the run."""

from pickle import PicklingError

from skuhas.batch._workers import InProcess, LokyWorkers


class Careful:
    """Works in this process, but not on what was under way when one was killed.

    Whether the image was to blame, or somebody killed the run, shows in a process
    of its own.

    Parameters
    ----------
    journal : Journal
        Says which images those are, and is told what is under way.
    """

    def __init__(self, journal):
        self._journal = journal

    def outcomes(self, context, jobs, say):
        """Yield the Outcome of every image."""
        for job in jobs:
            for outcome in self._outcomes(context, job, say):
                yield outcome
                if outcome.fatal is not None:
                    return

    def _outcomes(self, context, job, say):
        names = [item.name for _, item in job.undone()]
        suspects = self._journal.suspects.intersection(names)
        if suspects:
            say(
                f"{', '.join(sorted(suspects))}: under way when an earlier run was "
                "killed, so in a process of its own"
            )
            try:
                yield from LokyWorkers(1).alone(context, job)
                return
            except PicklingError:
                say("that cannot be, as features or segmenter cannot be pickled")
        self._journal.begin(names)
        yield from InProcess().outcomes(context, [job], say)
