"""What `make faults` does to a server, and what it measures meanwhile."""

import sys

sys.dont_write_bytecode = True
