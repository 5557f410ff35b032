"""The counts that take more than a burst: rejections, forks, secrets, threads. `make test` looks at them in every
language; here Python's client stands for those that share its core.
"""

from __future__ import annotations

from samples import Samples
from server import Server
from subjects import Subject, python


def measure(server: Server, samples: Samples) -> None:
    subject = Subject("Python", "seekauth")
    rejections = server.place()
    # The first answer there is a refusal too: a request of the server's own takes the one that is not.
    refusing = server.place(status=401)
    python(server, "seekauth", "probe.py", "short", "seekauth", refusing, 1)
    result = python(server, "seekauth", "checks.py", rejections, server.place(), refusing)
    samples.add(subject, "rejected_requests", server.requests(rejections) - 1)
    for kind, value in result.items():
        samples.add(subject, kind, value)
