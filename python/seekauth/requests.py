"""Authentication for requests: `requests.get(url, auth=SeekAuth(client))`, or once per session.

    import requests
    from seekauth import Client
    from seekauth.requests import SeekAuth

    client = Client.from_env()
    with requests.Session() as api:
        api.auth = SeekAuth(client)
        response = api.post(client.api_url, json={"query": "{ self { partner { name } } }"})

Install it with `pip install seekauth[requests]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import Any

from seekauth._adapters.common import (
    authenticate,
    authorization_of,
    bound,
    check_host,
    has_found_rejection,
    is_complete,
    is_rejection,
    missing,
    note_request_id,
    replacement,
)

try:
    import requests
except ModuleNotFoundError as error:
    raise missing(error, "requests") from None

from requests import PreparedRequest, Response
from requests.auth import AuthBase
from urllib3 import HTTPResponse, Timeout

from seekauth import AuthFlow, Client, Inspection
from seekauth._adapters.frames import Forgetting
from seekauth._adapters.requests_replay import read_ahead

__all__ = ["SeekAuth"]

_CALL = requests.Session.request.__code__
"""The function through which all calls to requests go that have a time-out."""


class SeekAuth(AuthBase):
    """Sends requests with the token, and once more with a new one if the API rejects it.

    Takes a `seekauth.Client`. Sets `Authorization` and `User-Agent`, and `X-Request-Id` and
    `Accept-Language` unless the request has them. Any number of sessions and threads may share it.

    With `stream=True` the response streams. One from the SEEK API is read ahead, up to 1 MiB,
    until it is known to be no rejection, and the caller still gets all of it, from `raw` too.
    Redirects are requests' own, and none takes the token to another origin. A body is sent again
    if it is text, bytes, or a file that can be rewound.

    Raises a `seekauth.SeekAuthError`: `ForbiddenOriginError`, before anything is sent, unless the
    request and its Host header lead to the client's `api_url`; `TokenRejectedError` if a new token
    was rejected too, or if the body cannot be sent again; and the errors of
    `Client.authorization()`. The wait for a token ends with the client's `timeout`, or with
    requests' time-out for reading, whichever is shorter; but of a prepared request the time-out is
    not known before it is sent.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Puts the token into a request that is about to be sent."""
        url, rewind = r.url or "", _rewind(r.body)
        flow = self._client.auth_flow(url, replayable=rewind is not None)
        note_request_id(flow, r.headers)
        if (host := r.headers.get("Host")) is not None:
            check_host(flow, [host])
        own = replacement(self._client)
        authorization = own() if own else flow._fresh_authorization()
        authenticate(flow, r.headers, authorization or flow.authorization(_timeout_of_call()))
        r.register_hook("response", partial(self._on_response, url, rewind, [flow]))
        return r

    def _on_response(
        self,
        url: str,
        rewind: Callable[[], object] | None,
        flows: list[AuthFlow],
        response: Response,
        **sending: Any,
    ) -> Response:
        """Inspects the response to a prepared request, which may be sent any number of times."""
        authorization = response.request.headers.get("Authorization")
        if not isinstance(authorization, str):
            # requests took it out of a redirected request.
            return response
        try:
            # It knows when the request was first sent.
            flow = flows.pop()
        except IndexError:
            flow = self._client.auth_flow(url, replayable=rewind is not None)
            note_request_id(flow, response.request.headers)
            flow.attempt(authorization)
        while _is_rejection(
            flow.inspect(response.status_code, response.url), response, sending["stream"]
        ):
            response.close()
            flow.retry()
            if rewind is not None:
                rewind()
            response = self._send_again(flow, response, sending)
        return response

    def _send_again(self, flow: AuthFlow, rejection: Response, sending: dict[str, Any]) -> Response:
        request = rejection.request.copy()
        timeout = _read_timeout(sending.get("timeout"))
        authenticate(flow, request.headers, authorization_of(self._client, flow, timeout))
        start = perf_counter()
        with Forgetting():
            response = rejection.connection.send(request, **sending)
        response.elapsed = timedelta(seconds=perf_counter() - start)
        response.history.append(rejection)
        return response


def _timeout_of_call() -> float | None:
    """The time-out of the call that is under way, which requests tells nobody before it sends."""
    frame = sys._getframe(1)
    while frame.f_code is not _CALL:
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return _read_timeout(frame.f_locals.get("timeout"))


def _read_timeout(timeout: Any) -> float | None:
    """How long a server may take to respond, which is what the wait for a token depends on."""
    if isinstance(timeout, Timeout):
        return bound(timeout.read_timeout)
    return bound(timeout[-1] if isinstance(timeout, tuple) else timeout)


def _rewind(body: Any) -> Callable[[], object] | None:
    """A function that makes a body ready to be sent again; None for a stream that cannot be."""
    if body is None or isinstance(body, (bytes, str)):
        return bool
    try:
        return partial(body.seek, body.tell())
    except (AttributeError, OSError):
        return None


def _is_rejection(inspection: Inspection, response: Response, stream: bool) -> bool:
    if inspection.verdict is None:
        if stream and isinstance(response.raw, HTTPResponse):
            response.raw = read_ahead(inspection, response.raw)
        else:
            is_rejection(inspection, response.content)
    elif inspection.verdict and is_complete(response.headers.get("Content-Length"), 0):
        # Nothing is left to wait for, and the connection stays good.
        response.content  # noqa: B018 - a property that reads
    return has_found_rejection(inspection)
