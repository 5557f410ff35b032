"""How each Python library is asked for the value of an `Authorization` header, as its documentation says, pointed at
one place of the benchmarks' token server. A library is imported when it is asked for, so that a process has only one.

`https` in a comment says that a library takes no plain HTTP; it then trusts the server's own authority.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ID, SECRET = "bench-client", "bench-secret"
API = "https://api.test/graphql"


@dataclass
class Subject:
    """One library at one place. `statement` is the hot call, with `names` to find what it mentions; `call` is the whole
    call with whatever its users must do for the first token. Where the library is asyncio's, both have to be awaited.
    """

    statement: str
    names: dict[str, Any]
    call: Callable[[], Any]


class HandWritten:
    """The cheapest class that is right on one clock: what others are measured by."""

    def __init__(self) -> None:
        self._value = "Bearer " + "x" * 1017
        self._until = time.monotonic() + 1000

    def authorization(self) -> str:
        if time.monotonic() < self._until:
            return self._value
        raise TimeoutError

    async def nothing(self) -> None:
        pass


def plain(place: str) -> str:
    return f"{os.environ['BENCH_HTTP']}/{place}/token"


def secure(place: str) -> str:
    return f"{os.environ['BENCH_HTTPS']}/{place}"


def seekauth(place: str) -> Subject:
    import seekauth

    client = seekauth.Client.oauth(
        token_url=plain(place), client_id=ID, client_secret=SECRET, user_agent="Bench/1.0", timeout=120
    )
    return Subject("o.authorization()", {"o": client}, client.authorization)


def seekauth_async(place: str) -> Subject:
    client = seekauth(place).names["o"]
    return Subject("await o.authorization_async()", {"o": client}, client.authorization_async)


def authlib(place: str) -> Subject:
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(ID, SECRET, token_endpoint=plain(place), grant_type="client_credentials")

    def call() -> object:
        if not session.token:
            session.fetch_token()
        session.ensure_active_token(session.token)
        return session.token_auth.prepare(API, {}, None)

    statement = "s.ensure_active_token(s.token); s.token_auth.prepare(url, {}, None)"
    return Subject(statement, {"s": session, "url": API}, call)


def authlib_async(place: str) -> Subject:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    client = AsyncOAuth2Client(
        ID, SECRET, token_endpoint=plain(place), grant_type="client_credentials", timeout=120, trust_env=False
    )

    async def call() -> object:
        if not client.token:
            await client.fetch_token()
        await client.ensure_active_token(client.token)
        return client.token_auth.prepare(API, {}, None)

    statement = "await c.ensure_active_token(c.token); c.token_auth.prepare(url, {}, None)"
    return Subject(statement, {"c": client, "url": API}, call)


def requests_oauthlib(place: str) -> Subject:
    from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError
    from requests_oauthlib import OAuth2Session

    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    client = BackendApplicationClient(client_id=ID)
    session = OAuth2Session(client=client)

    def call() -> object:
        if not session.authorized:
            session.fetch_token(plain(place), client_secret=SECRET)
        try:
            return client.add_token(API, http_method="POST", headers={})
        except TokenExpiredError:
            session.fetch_token(plain(place), client_secret=SECRET)
            return client.add_token(API, http_method="POST", headers={})

    return Subject("c.add_token(url, http_method='POST', headers={})", {"c": client, "url": API}, call)


def requests_oauth2client(place: str) -> Subject:
    import requests
    from requests_oauth2client import OAuth2Client, OAuth2ClientCredentialsAuth

    client = OAuth2Client(plain(place), client_id=ID, client_secret=SECRET, testing=True)
    auth = OAuth2ClientCredentialsAuth(client)
    request = requests.Request("POST", API).prepare()
    return Subject("a(r)", {"a": auth, "r": request}, lambda: auth(request))


def google_auth(place: str) -> Subject:
    # It has no client-credentials grant; a refresh token takes the same way.
    import google.auth.transport.requests
    from google.oauth2.credentials import Credentials

    credentials = Credentials(None, refresh_token="bench", token_uri=plain(place), client_id=ID, client_secret=SECRET)
    request = google.auth.transport.requests.Request()
    names = {"c": credentials, "r": request, "url": API}
    statement = "c.before_request(r, 'POST', url, {})"
    return Subject(statement, names, lambda: credentials.before_request(request, "POST", API, {}))


def httpx_auth(place: str) -> Subject:
    import httpx
    from httpx_auth import OAuth2ClientCredentials

    auth = OAuth2ClientCredentials(plain(place), ID, SECRET)
    request = httpx.Request("POST", API)
    return Subject("next(a.auth_flow(r))", {"a": auth, "r": request}, lambda: next(auth.auth_flow(request)))


def msal(place: str) -> Subject:
    # https; the place stands where the tenant's name does.
    import msal

    application = msal.ConfidentialClientApplication(
        ID, client_credential=SECRET, authority=secure(place), instance_discovery=False, verify=os.environ["BENCH_CA"]
    )
    scopes = ["api/.default"]

    def call() -> object:
        result = application.acquire_token_for_client(scopes)
        return result["access_token"]

    return Subject("a.acquire_token_for_client(s)", {"a": application, "s": scopes}, call)


def azure_identity(place: str) -> Subject:
    # https; the place is the tenant's id.
    from azure.identity import ClientSecretCredential

    credential = ClientSecretCredential(
        place,
        ID,
        SECRET,
        authority=os.environ["BENCH_HTTPS"],
        disable_instance_discovery=True,
        connection_verify=os.environ["BENCH_CA"],
    )
    return Subject("c.get_token('api/.default')", {"c": credential}, lambda: credential.get_token("api/.default"))


def azure_identity_async(place: str) -> Subject:
    from azure.identity.aio import ClientSecretCredential

    credential = ClientSecretCredential(
        place,
        ID,
        SECRET,
        authority=os.environ["BENCH_HTTPS"],
        disable_instance_discovery=True,
        connection_verify=os.environ["BENCH_CA"],
    )
    statement = "await c.get_token('api/.default')"
    return Subject(statement, {"c": credential}, lambda: credential.get_token("api/.default"))


SYNC: dict[str, Callable[[str], Subject]] = {
    "seekauth": seekauth,
    "Authlib": authlib,
    "requests-oauthlib": requests_oauthlib,
    "requests-oauth2client": requests_oauth2client,
    "google-auth": google_auth,
    "httpx-auth": httpx_auth,
    "msal": msal,
    "azure-identity": azure_identity,
}

ASYNC: dict[str, Callable[[str], Subject]] = {
    "seekauth": seekauth_async,
    "Authlib": authlib_async,
    "azure-identity": azure_identity_async,
}
