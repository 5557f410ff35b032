"""`python -m seekauth_sandbox` is the program itself."""

import os
import sys

from ._program import find_sandbox_bin

if __name__ == "__main__":
    program = find_sandbox_bin()
    os.execv(program, [program, *sys.argv[1:]])
