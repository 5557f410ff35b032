"""A stand-in for SEEK on this machine, for tests: real servers that issue tokens, check them, fail when they are
told to, send webhooks, and keep a journal of what arrived.

With pytest, ask for the fixture `sandbox`. Elsewhere::

    with Sandbox() as sandbox, mock.patch.dict(os.environ, sandbox.env):
        ...
"""

from ._program import find_sandbox_bin
from ._sandbox import Sandbox, SandboxError
from ._types import Attempt, Endpoint, Kind, Outcome, Request, Response, Service

__all__ = [
    "Attempt",
    "Endpoint",
    "Kind",
    "Outcome",
    "Request",
    "Response",
    "Sandbox",
    "SandboxError",
    "Service",
    "find_sandbox_bin",
]
