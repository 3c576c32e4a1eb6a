"""The tests of one run, divided among processes that run side by side."""


class Share:
    """What one of the processes runs: of each file of tests the first to come takes the whole.

    `folder` is empty at first and common to all of them."""

    def __init__(self, folder):
        self._folder, self._taken = folder, {}

    def takes(self, file):
        if file not in self._taken:
            try:
                (self._folder / file).touch(exist_ok=False)
                self._taken[file] = True
            except FileExistsError:
                self._taken[file] = False
        return self._taken[file]
