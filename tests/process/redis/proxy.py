"""A proxy that knows the exchanges of the protocol and spoils those that it is told to.

It reads each command of the members and each reply to it, and so knows which step of a flight they belong to.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from typing_extensions import Self

EXCHANGES = ("accept", "connect", "read", "claim", "extend", "publish", "release")
"""The connection itself; AUTH and SELECT; GET, PTTL and TIME; SET NX; PEXPIRE; SET; DEL."""
FAULTS = ("delay", "reset", "half-close", "drip", "blackhole", "lost")
"""The reply comes late; the connection is cut in place of it, or ends in the middle of it; it comes byte by byte;
it never comes, and neither does anything behind it; or else the command is not passed on either.
"""
LATE_S = 0.6
"""More than the members wait."""
DRIP_S = 0.02


def exchange(words: list[bytes]) -> str:
    """The step of a flight that a command belongs to."""
    name = words[0].upper()
    if name in (b"AUTH", b"SELECT"):
        return "connect"
    if name == b"SET":
        return "claim" if b"NX" in words[2:] else "publish"
    return {b"PEXPIRE": "extend", b"DEL": "release"}.get(name, "read")


async def read_command(reader: asyncio.StreamReader) -> tuple[list[bytes], bytes]:
    """The words of a command, and its bytes."""
    raw = await reader.readuntil(b"\n")
    words = []
    for _ in range(int(raw[1:])):
        size = await reader.readuntil(b"\n")
        word = await reader.readexactly(int(size[1:]) + 2)
        words.append(word[:-2])
        raw += size + word
    return words, raw


async def read_reply(reader: asyncio.StreamReader) -> bytes:
    """The bytes of one reply."""
    raw = await reader.readuntil(b"\n")
    if raw[:1] == b"$" and raw[1:3] != b"-1":
        raw += await reader.readexactly(int(raw[1:]) + 2)
    elif raw[:1] == b"*":
        for _ in range(max(0, int(raw[1:]))):
            raw += await read_reply(reader)
    return raw


class Later:
    """Writes what it is given, each part as long after it was given as the line is."""

    def __init__(self, writer: asyncio.StreamWriter, latency_s: float) -> None:
        self._writer = writer
        self._latency_s = latency_s
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._task = asyncio.ensure_future(self._write())

    def give(self, data: bytes) -> None:
        self._queue.put_nowait((asyncio.get_running_loop().time() + self._latency_s, data))

    async def flush(self) -> None:
        await self._queue.join()

    def stop(self) -> None:
        self._task.cancel()

    async def _write(self) -> None:
        while True:
            due, data = await self._queue.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            with contextlib.suppress(ConnectionError):
                self._writer.write(data)
                await self._writer.drain()
            self._queue.task_done()


class Proxy:
    """Listens, and passes on to `upstream`, which may be changed at any time."""

    def __init__(self, proxies: Proxies, upstream: int) -> None:
        self.upstream = upstream
        self.faults: dict[str, str] = {}
        """What is done to which exchange."""
        self.latency_s = 0.0
        """Each way."""
        self.seen: Counter[str] = Counter()
        self.spoiled: Counter[tuple[str, str]] = Counter()
        self.turns = 0
        """How often a client waited for the network: once for each connection, and each time that it wrote when it
        had all replies."""
        self.open: set[asyncio.StreamWriter] = set()
        self._proxies = proxies
        self._server = proxies.call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Ends all connections."""

        async def abort() -> None:
            for writer in self.open:
                writer.transport.abort()

        self._proxies.call(abort())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen["accept"] += 1
        self.turns += 1
        self.open.add(writer)
        try:
            await self._pass_on(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (fault := self._spoil("accept")) and fault != "drip":
            if fault == "delay":
                await asyncio.sleep(LATE_S)
            elif fault == "reset":
                return reset(writer)
            elif fault == "half-close":
                writer.write_eof()
                await reader.read()
                return None
            else:
                return await self._forget(reader)
        upstream = await asyncio.open_connection("127.0.0.1", self.upstream)
        self.open.add(upstream[1])
        drips = fault == "drip"
        asked: deque[str] = deque()
        there, back = Later(upstream[1], self.latency_s), Later(writer, self.latency_s)
        tasks = [
            asyncio.ensure_future(work)
            for work in (
                self._commands(reader, there, asked),
                self._replies(upstream[0], writer, back, asked, drips=drips),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await back.flush()
            for task in done:
                task.result()
        finally:
            for task in (*tasks, there, back):
                task.stop() if isinstance(task, Later) else task.cancel()
            self.open.discard(upstream[1])
            upstream[1].close()

    async def _commands(self, reader: asyncio.StreamReader, there: Later, asked: deque[str]) -> None:
        while True:
            words, raw = await read_command(reader)
            step = exchange(words)
            self.seen[step] += 1
            self.turns += not asked
            if self.faults.get(step) == "lost":
                self.spoiled[step, "lost"] += 1
                await self._forget(reader)
            asked.append(step)
            there.give(raw)

    async def _replies(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: Later,
        asked: deque[str],
        *,
        drips: bool,
    ) -> None:
        while True:
            raw = await read_reply(reader)
            fault = "drip" if drips else self._spoil(asked[0])
            if fault == "delay":
                await asyncio.sleep(LATE_S)
            elif fault == "reset":
                return reset(writer)
            elif fault == "half-close":
                back.give(raw[: len(raw) // 2])
                return await back.flush()
            elif fault == "drip":
                for at in range(len(raw) - 1):
                    back.give(raw[at : at + 1])
                    await asyncio.sleep(DRIP_S)
                raw = raw[-1:]
            elif fault == "blackhole":
                await asyncio.Event().wait()
            asked.popleft()
            back.give(raw)

    def _spoil(self, step: str) -> str | None:
        fault = self.faults.get(step)
        if fault:
            self.spoiled[step, fault] += 1
        return fault

    @staticmethod
    async def _forget(reader: asyncio.StreamReader) -> None:
        """Takes what comes until the other side has had enough, and says nothing."""
        while await reader.read(4096):
            pass
        raise ConnectionResetError


def reset(writer: asyncio.StreamWriter) -> None:
    """Cuts the connection so that the other side hears of it."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxies:
    """The thread on which proxies run. `close()` ends them all."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self.call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Does it on that thread, and returns its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)
