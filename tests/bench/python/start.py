"""What it costs to begin: prints as JSON how long an import takes in a fresh interpreter, and what memory and threads
it adds; with a PLACE also what there is after the first token over plain HTTP.

    start.py MODULE [LIBRARY PLACE]
"""

import os
import sys
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[1]) * PAGE


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def main() -> None:
    module, *first_token = sys.argv[1:]
    if first_token:
        # What this program itself needs is no part of the library's memory.
        import libraries
    before = resident()
    started = time.perf_counter()
    __import__(module)
    result = {
        "import_ms": (time.perf_counter() - started) * 1e3,
        "import_mb": (resident() - before) / 1e6,
        "threads": threads() - 1,
        "asyncio": "asyncio" in sys.modules,
    }
    if first_token:
        library, place = first_token
        libraries.SYNC[library](place).call()
        result["token_mb"] = (resident() - before) / 1e6
        result["token_threads"] = threads() - 1
    import json

    print(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)


main()
