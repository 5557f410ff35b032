"""What authentication adds to a request: its median time over that of the bare HTTP client's.

Both send the same GraphQL query to the sandbox, over connections that are kept alive, in turns so
that they see the same machine; the bare client sends a header that was made before. Prints a table.

    python tests/bench/overhead/python.py [requests of each kind]
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
import time
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import httpx
import httpx2
import requests
import seekauth.httpx
import seekauth.httpx2
import seekauth.requests
from harness.sandbox import Sandbox
from seekauth import Client
from seekauth.aiohttp import seek_auth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

QUERY: Final = {"query": "{ self { partner { name } } }"}
TARGET: Final = 1.10

Times = tuple[list[float], list[float]]


def blocking(bare: Callable[[], object], ours: Callable[[], object], count: int) -> Times:
    times: Times = ([], [])
    for number in range(count):
        for which in (0, 1) if number % 2 else (1, 0):
            call = ours if which else bare
            start = time.perf_counter()
            call()
            times[which].append(time.perf_counter() - start)
    return times


async def asynchronous(
    bare: Callable[[], Awaitable[object]], ours: Callable[[], Awaitable[object]], count: int
) -> Times:
    times: Times = ([], [])
    for number in range(count):
        for which in (0, 1) if number % 2 else (1, 0):
            call = ours if which else bare
            start = time.perf_counter()
            await call()
            times[which].append(time.perf_counter() - start)
    return times


def headers(client: Client) -> dict[str, str]:
    """What the adapter would set, so that both requests have the same size."""
    return {
        "Authorization": client.authorization(),
        "User-Agent": "seekauth-tests/1.0",
        "X-Request-Id": "6c1f1e0a-5f0c-4f5e-9f0e-0e6b7f6a1c11",
    }


def of_httpx(library: ModuleType, auth: Any, client: Client, ca_file: str | None, n: int) -> Times:
    verify = ssl.create_default_context(cafile=ca_file)
    options = {"http2": ca_file is not None, "verify": verify, "trust_env": False}
    url = client.api_url
    with (
        library.Client(headers=headers(client), **options) as bare,
        library.Client(auth=auth, **options) as ours,
    ):
        return blocking(lambda: bare.post(url, json=QUERY).json(), lambda: ours.post(url, json=QUERY).json(), n)


def of_httpx_async(library: ModuleType, auth: Any, client: Client, ca_file: str | None, n: int) -> Times:
    verify = ssl.create_default_context(cafile=ca_file)
    options = {"http2": ca_file is not None, "verify": verify, "trust_env": False}
    url = client.api_url

    async def run() -> Times:
        async with (
            library.AsyncClient(headers=headers(client), **options) as bare,
            library.AsyncClient(auth=auth, **options) as ours,
        ):
            return await asynchronous(lambda: bare.post(url, json=QUERY), lambda: ours.post(url, json=QUERY), n)

    return asyncio.run(run())


def of_requests(client: Client, n: int) -> Times:
    assert client.api_url is not None
    url = client.api_url
    with requests.Session() as bare, requests.Session() as ours:
        bare.trust_env = ours.trust_env = False
        bare.headers.update(headers(client))
        ours.auth = seekauth.requests.SeekAuth(client)
        return blocking(lambda: bare.post(url, json=QUERY).json(), lambda: ours.post(url, json=QUERY).json(), n)


def of_aiohttp(client: Client, n: int) -> Times:
    assert client.api_url is not None
    url = client.api_url

    async def post(session: aiohttp.ClientSession) -> object:
        async with session.post(url, json=QUERY) as response:
            return await response.json()

    async def run() -> Times:
        async with (
            aiohttp.ClientSession(headers=headers(client)) as bare,
            aiohttp.ClientSession(middlewares=[seek_auth(client)]) as ours,
        ):
            return await asynchronous(lambda: post(bare), lambda: post(ours), n)

    return asyncio.run(run())


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(Sandbox())
        tls = stack.enter_context(Sandbox(tls=True))
        settings: dict[str, Any] = {**tls.settings, "ca_file": tls.urls["ca_file"]}
        client, client2 = Client.seek_api(**plain.settings), Client.seek_api(**settings)
        one, two = seekauth.httpx.SeekAuth(client), seekauth.httpx2.SeekAuth(client)
        one_tls = seekauth.httpx.SeekAuth(client2)
        two_tls = seekauth.httpx2.SeekAuth(client2)
        ca = tls.urls["ca_file"]
        rows: dict[str, Callable[[], Times]] = {
            "httpx": lambda: of_httpx(httpx, one, client, None, count),
            "httpx, asynchronous": lambda: of_httpx_async(httpx, one, client, None, count),
            "httpx, HTTP/2": lambda: of_httpx(httpx, one_tls, client2, ca, count),
            "httpx2": lambda: of_httpx(httpx2, two, client, None, count),
            "httpx2, asynchronous, HTTP/2": lambda: of_httpx_async(httpx2, two_tls, client2, ca, count),
            "requests": lambda: of_requests(client, count),
            "aiohttp": lambda: of_aiohttp(client, count),
        }
        print(f"{'adapter':30} {'version':>8} {'bare':>9} {'with':>9} {'ratio':>6}   target {TARGET}")
        for name, measure in rows.items():
            bare, ours = (median(times) * 1e6 for times in measure())
            package = name.partition(",")[0]
            held = "" if ours / bare <= TARGET else "   missed"
            print(f"{name:30} {version(package):>8} {bare:>6.0f} µs {ours:>6.0f} µs {ours / bare:>6.3f}{held}")


if __name__ == "__main__":
    main()
