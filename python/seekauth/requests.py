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

from datetime import timedelta
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from urllib3 import HTTPResponse

from seekauth._adapters.common import authenticate, check_host, is_complete, is_rejection
from seekauth._adapters.frames import Forgetting
from seekauth._adapters.requests_replay import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import PreparedRequest, Response

    from seekauth import AuthFlow, Client, Inspection

__all__ = ["SeekAuth"]


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
    `Client.authorization()`. requests' time-outs do not count the wait for a token, the client's
    `timeout` does.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        """Puts the token into a request that is about to be sent."""
        url, rewind = r.url or "", _rewind(r.body)
        flow = self._client.auth_flow(url, replayable=rewind is not None)
        if (host := r.headers.get("Host")) is not None:
            check_host(flow, [host])
        authenticate(flow, r.headers, self._client.authorization())
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
        authenticate(flow, request.headers, flow.authorization())
        start = perf_counter()
        with Forgetting():
            response = rejection.connection.send(request, **sending)
        response.elapsed = timedelta(seconds=perf_counter() - start)
        response.history.append(rejection)
        return response


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
    return inspection.finish()
