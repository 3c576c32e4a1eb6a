"""The tests of one run, divided among processes that run side by side."""


class Share:
    """What one of the processes runs: of each file of tests the first to come takes the whole.

    `folder` is empty at first and common to all of them."""

    def __init__(self, folder, number):
        self._folder, self._number, self._taken = folder, number, {}

    def takes(self, file):
        if file not in self._taken:
            try:
                (self._folder / file).touch(exist_ok=False)
                self._taken[file] = True
            except FileExistsError:
                self._taken[file] = False
        return self._taken[file]

    def tell_failed(self, tests):
        """For whoever started the processes."""
        (self._folder / f"{self._number}.failed").write_text("".join(f"{test}\n" for test in tests))

    @staticmethod
    def failed(folder):
        """All that the processes told, each test of theirs that failed."""
        return [test for told in sorted(folder.glob("*.failed")) for test in told.read_text().splitlines()]
