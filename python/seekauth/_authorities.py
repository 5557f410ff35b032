"""certifi's certificate authorities, for systems that have none, such as slim containers.

The native half asks once in a process and uses them only there. certifi is not imported for it:
that takes longer than making a client.
"""

from __future__ import annotations

import os
from importlib.machinery import PathFinder


def of_certifi() -> bytes | None:
    """The bundle of the certifi that is installed, or None."""
    spec = PathFinder.find_spec("certifi")
    if spec is None or not spec.origin:
        return None
    try:
        with open(os.path.join(os.path.dirname(spec.origin), "cacert.pem"), "rb") as bundle:  # noqa: PTH118, PTH120, PTH123 - pathlib takes longer to import
            return bundle.read()
    except OSError:
        return None
