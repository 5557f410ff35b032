"""Every adapter through a forward proxy over plain HTTP: it sees tunnels, and no token in any.

`make test-python` runs this with the lowest versions of the HTTP clients, too.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import adapters
import pytest
from adapters import NAMES
from proxy import Proxy
from sandbox import Sandbox
from test_adapters import post

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator

    from conftest import Clock

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="module")
def tls() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as sandbox:
        yield sandbox


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


@pytest.mark.parametrize("told_by", ["argument", "environment"])
@pytest.mark.parametrize("name", NAMES)
def test_a_proxy_sees_tunnels_only(
    *,
    name: str,
    told_by: str,
    tls: Sandbox,
    proxy: Proxy,
    loop: asyncio.AbstractEventLoop,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls.reset()
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    if told_by == "environment":
        for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, proxy.url)
    ca_file = tls.urls["ca_file"]
    with tls.client(ca_file=ca_file) as client:
        value = client.get_token().value
        clock.settle()
        through = proxy.url if told_by == "argument" else adapters.ENVIRONMENT
        adapter = adapters.make(name, client, ca_file, loop, through)
        tls.script(endpoint="graphql", error="UNAUTHENTICATED")
        response = adapter.send(post(tls.urls["graphql_url"]))
        assert (response.status, b"errors" in response.body) == (200, False)
        adapter.close()
    values = {entry["headers"]["authorization"] for entry in tls.journal("graphql")}
    assert len(values) == 2
    assert f"Bearer {value}" in values
    assert len(proxy.recorded) >= 1
    for recorded in proxy.recorded:
        assert recorded.head.startswith(b"CONNECT 127.0.0.1:")
        assert b"bearer" not in recorded.head.lower()
        # The first byte of TLS.
        assert recorded.sent[:1] == b"\x16"
        for token in values:
            assert token.removeprefix("Bearer ").encode() not in recorded.head + recorded.sent


def test_the_lowest_versions_are_those_of_the_package() -> None:
    """What the requirements name is what pyproject.toml admits, and in its environment is there."""
    package = (ROOT / "pyproject.toml").read_text()
    extras = package.partition("[project.optional-dependencies]")[2].partition("[project.urls]")[0]
    admitted = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', extras))
    lines = (ROOT / "requirements-lowest.txt").read_text()
    lowest = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==([\d.]+)$", lines, re.MULTILINE))
    assert len(admitted) == 7
    for name, least in admitted.items():
        padded = f"{least}.0.0".split(".")[:3]
        assert lowest[name].split(".")[:3] == padded[: len(lowest[name].split("."))], name
        there = [int(part) for part in re.findall(r"\d+", version(name))]
        assert there >= [int(part) for part in padded[: len(there)]], name
