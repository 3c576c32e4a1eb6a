"""The parts an end-to-end test is made of: real servers on free loopback ports, in temporary folders."""

import sys

sys.dont_write_bytecode = True
