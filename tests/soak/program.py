"""Uses a client for as long as it is told to, from threads and from tasks, and reports every use.

Each line it prints says what one caller saw, times in milliseconds of the system's clock:

    used    CLIENT ASKED HANDED ANSWERED EXPIRES VERDICT AUTHORIZATION
    failed  CLIENT ASKED ENDED NAME

CLIENT is `main` or `new`, for one that lives for a single token; EXPIRES is 0 where the call does
not say it. A line on standard input is answered with `measured` once garbage is collected; the
program ends when standard input does.
"""

import asyncio
import gc
import os
import sys
import threading
import time

import httpx
import seekauth

CALLERS = 3
"""Threads, and tasks beside them."""
HOT_CALLS = 50
"""Calls in a round besides the one whose token is used."""
PAUSE = 0.2
"""Seconds between two rounds of a caller."""
NEW_CLIENT_TIMEOUT = 3.0
NEW_CLIENT = "soak-new/1.0"
QUERY = {"query": "{ self { partner { name } } }"}

stopping = threading.Event()


def now() -> int:
    return time.time_ns() // 1_000_000


def report(*fields: object) -> None:
    # One write a line, so that the threads' lines stay whole.
    sys.stdout.write("\t".join(map(str, fields)) + "\n")


def verdict(reply: httpx.Response) -> str:
    if "UNAUTHENTICATED" in reply.text:
        return "refused"
    return "ok" if reply.status_code == 200 and "errors" not in reply.text else "broken"


def headers(authorization: str) -> dict[str, str]:
    return {"Authorization": authorization, "User-Agent": os.environ["SEEKAUTH_USER_AGENT"]}


def use(name: str, client: seekauth.Client, http: httpx.Client, odd: bool) -> None:
    asked = now()
    try:
        if odd:
            authorization, expires = client.authorization(), 0.0
        else:
            token = client.get_token(NEW_CLIENT_TIMEOUT if name == "new" else None)
            authorization, expires = token.authorization, token.expires_at.timestamp()
    except seekauth.SeekAuthError as error:
        report("failed", name, asked, now(), error.kind)
        return
    handed = now()
    reply = http.post(client.api_url, headers=headers(authorization), json=QUERY)
    said = verdict(reply)
    report("used", name, asked, handed, now(), round(expires * 1000), said, authorization)
    if said == "refused":
        client.invalidate(authorization)


def in_thread(client: seekauth.Client) -> None:
    with httpx.Client() as http:
        odd = False
        while not stopping.wait(PAUSE):
            asked = now()
            try:
                for _ in range(HOT_CALLS):
                    asked = now()
                    client.authorization()
            except seekauth.SeekAuthError as error:
                report("failed", "main", asked, now(), error.kind)
            use("main", client, http, odd)
            odd = not odd


async def use_in_task(client: seekauth.Client, http: httpx.AsyncClient, odd: bool) -> None:
    asked = now()
    try:
        for _ in range(HOT_CALLS):
            asked = now()
            await client.authorization_async()
        asked = now()
        if odd:
            authorization, expires = await client.authorization_async(), 0.0
        else:
            token = await client.get_token_async()
            authorization, expires = token.authorization, token.expires_at.timestamp()
    except seekauth.SeekAuthError as error:
        report("failed", "main", asked, now(), error.kind)
        return
    handed = now()
    reply = await http.post(client.api_url, headers=headers(authorization), json=QUERY)
    said = verdict(reply)
    report("used", "main", asked, handed, now(), round(expires * 1000), said, authorization)
    if said == "refused":
        client.invalidate(authorization)


async def in_tasks(client: seekauth.Client) -> None:
    async def caller(http: httpx.AsyncClient) -> None:
        odd = False
        while not stopping.is_set():
            await use_in_task(client, http, odd)
            odd = not odd
            await asyncio.sleep(PAUSE)

    async with httpx.AsyncClient() as http:
        await asyncio.gather(*(caller(http) for _ in range(CALLERS)))


def new_clients() -> None:
    """Clients come and go, with and without a request under way."""

    async def give_up() -> None:
        client = seekauth.Client.from_env(user_agent=NEW_CLIENT)
        task = asyncio.ensure_future(client.get_token_async())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    with httpx.Client() as http:
        while not stopping.wait(PAUSE):
            with seekauth.Client.from_env(user_agent=NEW_CLIENT) as client:
                use("new", client, http, odd=False)
            asyncio.run(give_up())


def stop(arguments: threading.ExceptHookArgs) -> None:
    """A thread that fails is the end of the program, not of the thread alone."""
    threading.__excepthook__(arguments)
    os._exit(1)


def main() -> None:
    threading.excepthook = stop
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    client = seekauth.Client.from_env()
    work = [lambda: in_thread(client)] * CALLERS
    work += [lambda: asyncio.run(in_tasks(client)), new_clients]
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:
        gc.collect()
        report("measured")
    stopping.set()
    for thread in threads:
        thread.join()
    client.close()


main()
