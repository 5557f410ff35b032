"""certifi's certificate authorities, for systems that have none, such as slim containers.

The native half asks once in a process and uses them only there. certifi is not imported for it:
that takes longer than making a client.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


def of_certifi() -> bytes | None:
    """The bundle of the certifi that is installed, or None."""
    spec = _find("certifi")
    if spec is None or not spec.origin:
        return None
    try:
        with open(os.path.join(os.path.dirname(spec.origin), "cacert.pem"), "rb") as bundle:  # noqa: PTH118, PTH120, PTH123 - pathlib takes longer to import
            return bundle.read()
    except OSError:
        return None


def _find(name: str) -> ModuleSpec | None:
    """Where a package is. In frozen programs other finders know that than the one for paths."""
    for finder in sys.meta_path:
        if (find := getattr(finder, "find_spec", None)) and (spec := find(name, None)):
            return spec  # type: ignore[no-any-return]
    return None
