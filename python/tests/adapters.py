"""The adapters as the shared cases drive them: one HTTP client each, used as its users use it."""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx2
import requests
import requests.adapters
from yarl import URL

import seekauth.httpx
import seekauth.httpx2
import seekauth.requests
from seekauth.aiohttp import seek_auth

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from types import ModuleType

    from seekauth import Client

AT_ONCE = 100
ENVIRONMENT = "the environment"
"""In place of a proxy's URL: the one that the environment names."""
CHUNK = 16 * 1024


@dataclass(frozen=True)
class Request:
    """One request as a case describes it."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes | None
    stream: bool
    follow: bool
    part: bool
    timeout: float
    header: str

    def chunks(self) -> Iterator[bytes]:
        body = self.body or b""
        for start in range(0, len(body), CHUNK):
            yield body[start : start + CHUNK]

    async def chunks_async(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks():
            yield chunk


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    header: str | None


class Adapter:
    """One HTTP client with the authentication of a seekauth client."""

    def send(self, request: Request) -> Response:
        raise NotImplementedError

    def send_at_once(self, request: Request, count: int) -> list[Response | BaseException]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Blocking(Adapter):
    def send_at_once(self, request: Request, count: int) -> list[Response | BaseException]:
        together = threading.Barrier(count)

        def attempt(_: int) -> Response | BaseException:
            together.wait()
            try:
                return self.send(request)
            except Exception as error:
                return error

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(attempt, range(count)))


class Asynchronous(Adapter):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    async def send_async(self, request: Request) -> Response:
        raise NotImplementedError

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def send(self, request: Request) -> Response:
        response: Response = self.run(self.send_async(request))
        return response

    def send_at_once(self, request: Request, count: int) -> list[Response | BaseException]:
        async def all_of_them() -> list[Response | BaseException]:
            calls = (self.send_async(request) for _ in range(count))
            return await asyncio.gather(*calls, return_exceptions=True)

        responses: list[Response | BaseException] = self.run(all_of_them())
        return responses


class Httpx(Blocking):
    def __init__(self, library: ModuleType, auth: Any, options: dict[str, Any]) -> None:
        self.client: Any = library.Client(auth=auth, **options)

    def send(self, request: Request) -> Response:
        content = request.chunks() if request.stream else request.body
        with self.client.stream(
            request.method, request.url, content=content, **httpx_arguments(request)
        ) as response:
            chunks = response.iter_bytes()
            body = b"".join(islice(chunks, 1) if request.part else chunks)
            return Response(response.status_code, body, response.headers.get(request.header))

    def close(self) -> None:
        self.client.close()


class HttpxAsync(Asynchronous):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        library: ModuleType,
        auth: Any,
        options: dict[str, Any],
    ) -> None:
        super().__init__(loop)
        self.client: Any = library.AsyncClient(auth=auth, **options)

    async def send_async(self, request: Request) -> Response:
        content = request.chunks_async() if request.stream else request.body
        async with self.client.stream(
            request.method, request.url, content=content, **httpx_arguments(request)
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if request.part:
                    break
            return Response(response.status_code, bytes(body), response.headers.get(request.header))

    def close(self) -> None:
        self.run(self.client.aclose())


def httpx_options(
    library: ModuleType, ca_file: str | None, proxy: str | None, *, http2: bool
) -> dict[str, Any]:
    return {
        "verify": True if ca_file is None else ssl.create_default_context(cafile=ca_file),
        "http2": http2,
        "trust_env": proxy == ENVIRONMENT,
        "proxy": None if proxy == ENVIRONMENT else proxy,
        "limits": library.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
    }


def httpx_arguments(request: Request) -> dict[str, Any]:
    return {
        "headers": request.headers,
        "follow_redirects": request.follow,
        "timeout": request.timeout,
    }


class Requests(Blocking):
    def __init__(self, client: Client, ca_file: str | None, proxy: str | None) -> None:
        self.session = requests.Session()
        self.session.auth = seekauth.requests.SeekAuth(client)
        self.session.trust_env = proxy == ENVIRONMENT
        if proxy is not None and proxy != ENVIRONMENT:
            self.session.proxies = {"http": proxy, "https": proxy}
        self.session.verify = ca_file or True
        for scheme in ("http://", "https://"):
            pool = requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE)
            self.session.mount(scheme, pool)

    def send(self, request: Request) -> Response:
        with self.session.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.chunks() if request.stream else request.body,
            allow_redirects=request.follow,
            timeout=request.timeout,
            stream=True,
        ) as response:
            chunks = response.iter_content(1 if request.part else CHUNK)
            body = b"".join(islice(chunks, 1) if request.part else chunks)
            return Response(response.status_code, body, response.headers.get(request.header))

    def close(self) -> None:
        self.session.close()


class Aiohttp(Asynchronous):
    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        client: Client,
        ca_file: str | None,
        proxy: str | None,
    ) -> None:
        super().__init__(loop)

        async def session() -> aiohttp.ClientSession:
            context = None if ca_file is None else ssl.create_default_context(cafile=ca_file)
            connector = aiohttp.TCPConnector(limit=AT_ONCE, ssl=context or True)
            return aiohttp.ClientSession(
                connector=connector,
                middlewares=[seek_auth(client)],
                trust_env=proxy == ENVIRONMENT,
                proxy=None if proxy == ENVIRONMENT else proxy,
            )

        self.session: aiohttp.ClientSession = self.run(session())

    async def send_async(self, request: Request) -> Response:
        async with self.session.request(
            request.method,
            # aiohttp writes a str anew.
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.chunks_async() if request.stream else request.body,
            allow_redirects=request.follow,
            timeout=aiohttp.ClientTimeout(total=request.timeout),
        ) as response:
            content = response.content
            body = await (content.readany() if request.part else content.read())
            values = response.headers.getall(request.header, [])
            return Response(response.status, body, ", ".join(values) if values else None)

    def close(self) -> None:
        self.run(self.session.close())


FOREIGN = (httpx.HTTPError, httpx2.HTTPError, requests.RequestException, aiohttp.ClientError)
NAMES = ("httpx", "httpx-async", "httpx-http2", "httpx2", "requests", "aiohttp")
HTTP2 = ("httpx-http2", "httpx2")


def versions() -> str:
    return ", ".join(
        f"{name} {version(name)}" for name in ("httpx", "httpx2", "requests", "aiohttp")
    )


def make(
    name: str,
    client: Client,
    ca_file: str | None,
    loop: asyncio.AbstractEventLoop,
    proxy: str | None = None,
) -> Adapter:
    def options(library: ModuleType) -> dict[str, Any]:
        return httpx_options(library, ca_file, proxy, http2=name in HTTP2)

    match name:
        case "httpx" | "httpx-http2":
            return Httpx(httpx, seekauth.httpx.SeekAuth(client), options(httpx))
        case "httpx-async":
            return HttpxAsync(loop, httpx, seekauth.httpx.SeekAuth(client), options(httpx))
        case "httpx2":
            return HttpxAsync(loop, httpx2, seekauth.httpx2.SeekAuth(client), options(httpx2))
        case "requests":
            return Requests(client, ca_file, proxy)
        case "aiohttp":
            return Aiohttp(loop, client, ca_file, proxy)
    raise ValueError(f"agent: unknown adapter {name}")
