"""Uses a client for as long as it is told to, from threads and from tasks, and reports every use.

Each line it prints says what one caller saw, times in milliseconds of the system's clock:

    used    CLIENT ASKED HANDED ANSWERED EXPIRES VERDICT AUTHORIZATION
    failed  CLIENT ASKED ENDED NAME

CLIENT is `main`, of the SEEK API, or `new`, of SEEK Pass, for one that lives for a single token;
EXPIRES is 0 where the call does not say it. A line on standard input is answered with `measured` once
garbage is collected, and with the bytes that the collector then keeps empty for later; the program
ends when standard input does. SOAK_CALLERS, SOAK_NEW_CLIENTS and SOAK_PAUSE_MS say how many callers
there are of each, and how long they pause between two rounds; SOAK_NEW_ and the name of a setting is
what `new` has in place of it.
"""

import asyncio
import gc
import os
import ssl
import sys
import threading
import time
from dataclasses import dataclass

import httpx
import seekauth

CALLERS = int(os.environ["SOAK_CALLERS"])
"""Half of them threads, half of them tasks."""
NEW_CLIENTS = int(os.environ["SOAK_NEW_CLIENTS"])
HOT_CALLS = 50
"""Calls in a round besides the one whose token is used."""
PAUSE = int(os.environ["SOAK_PAUSE_MS"]) / 1000
"""Seconds between two rounds of a caller."""
NEW_CLIENT_TIMEOUT = 3.0
TLS = ssl.create_default_context(cafile=os.environ["SEEKAUTH_CA_FILE"])


@dataclass(frozen=True)
class Api:
    """Where the tokens of a client are used, and how."""

    name: str
    url: str
    user_agent: str
    body: dict[str, str]
    expected_status: int


MAIN = Api(
    "main",
    os.environ["SEEKAUTH_API_URL"],
    os.environ["SEEKAUTH_USER_AGENT"],
    {"query": "{ self { partner { name } } }"},
    200,
)
NEW = Api("new", os.environ["SOAK_NEW_URL"], os.environ["SOAK_NEW_USER_AGENT"], {"id": "soak"}, 201)

stopping = threading.Event()


def now() -> int:
    return time.time_ns() // 1_000_000


def report(*fields: object) -> None:
    # One write a line, so that the threads' lines stay whole.
    sys.stdout.write("\t".join(map(str, fields)) + "\n")


def verdict(api: Api, response: httpx.Response) -> str:
    if response.status_code == 401 or "UNAUTHENTICATED" in response.text:
        return "refused"
    return "ok" if response.status_code == api.expected_status and "errors" not in response.text else "broken"


def headers(api: Api, authorization: str) -> dict[str, str]:
    return {"Authorization": authorization, "User-Agent": api.user_agent}


def new_client() -> seekauth.Client:
    return seekauth.Client.seek_pass(
        environment=os.environ["SOAK_NEW_ENVIRONMENT"],
        client_id=os.environ["SOAK_NEW_CLIENT_ID"],
        client_secret=os.environ["SOAK_NEW_CLIENT_SECRET"],
        base_url=os.environ["SOAK_NEW_BASE_URL"],
        scopes=os.environ["SOAK_NEW_SCOPES"].split(),
        user_agent=NEW.user_agent,
        ca_file=os.environ["SEEKAUTH_CA_FILE"],
    )


def use(api: Api, client: seekauth.Client, http: httpx.Client, odd: bool) -> None:
    asked = now()
    try:
        if odd:
            authorization, expires = client.authorization(), 0.0
        else:
            token = client.get_token(NEW_CLIENT_TIMEOUT if api is NEW else None)
            authorization, expires = token.authorization, token.expires_at.timestamp()
    except seekauth.SeekAuthError as error:
        report("failed", api.name, asked, now(), error.kind)
        return
    handed = now()
    response = http.post(api.url, headers=headers(api, authorization), json=api.body)
    said = verdict(api, response)
    report("used", api.name, asked, handed, now(), round(expires * 1000), said, authorization)
    if said == "refused":
        client.invalidate(authorization)


def in_thread(client: seekauth.Client) -> None:
    with httpx.Client(verify=TLS) as http:
        odd = False
        while not stopping.wait(PAUSE):
            asked = now()
            try:
                for _ in range(HOT_CALLS):
                    asked = now()
                    client.authorization()
            except seekauth.SeekAuthError as error:
                report("failed", "main", asked, now(), error.kind)
            use(MAIN, client, http, odd)
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
    response = await http.post(MAIN.url, headers=headers(MAIN, authorization), json=MAIN.body)
    said = verdict(MAIN, response)
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

    async with httpx.AsyncClient(verify=TLS) as http:
        await asyncio.gather(*(caller(http) for _ in range(CALLERS // 2)))


def new_clients() -> None:
    """Clients come and go, with and without a request under way."""

    async def give_up() -> None:
        client = new_client()
        task = asyncio.ensure_future(client.get_token_async())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    with httpx.Client(verify=TLS) as http:
        while not stopping.wait(PAUSE):
            with new_client() as client:
                use(NEW, client, http, odd=False)
            asyncio.run(give_up())


def stop(arguments: threading.ExceptHookArgs) -> None:
    """A thread that fails is the end of the program, not of the thread alone."""
    threading.__excepthook__(arguments)
    os._exit(1)


def main() -> None:
    threading.excepthook = stop
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    client = seekauth.Client.from_env()
    work = [lambda: in_thread(client)] * (CALLERS - CALLERS // 2)
    work += [lambda: asyncio.run(in_tasks(client)), *[new_clients] * NEW_CLIENTS]
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:
        gc.collect()
        report("measured", 0)
    stopping.set()
    for thread in threads:
        thread.join()
    client.close()


main()
