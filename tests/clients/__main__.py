"""Runs every test here: `QUOTIENT=target/debug/quotient python tests/clients`; ends with 1 if one failed."""

import os
import signal
import sys
import unittest
from pathlib import Path

# Seconds for all tests together; they take a few.
LONGEST = 300


def give_up(number, _frame):
    # An exception, so that every simulator that was started is ended on the way out.
    raise SystemExit(f"ended by signal {number}")


def main():
    sys.dont_write_bytecode = True
    here = Path(__file__).resolve().parent
    sys.path.insert(0, str(here))
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, give_up)
    signal.alarm(LONGEST)

    from harness import environment

    clean = environment()
    os.environ.clear()
    os.environ.update(clean)
    tests = unittest.defaultTestLoader.discover(str(here))
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    # A folder in which nothing was found proves nothing.
    return 0 if result.wasSuccessful() and result.testsRun > 20 else 1


sys.exit(main())
