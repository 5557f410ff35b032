"""What errors of requests tell that other HTTP clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
import requests

import seekauth.httpx
import seekauth.requests

if TYPE_CHECKING:
    from types import ModuleType

    from sandbox import Sandbox


@pytest.mark.parametrize("library", [httpx, requests])
def test_errors_of_other_clients_requests_have_their_request_id(
    sandbox: Sandbox, library: ModuleType
) -> None:
    with sandbox.client(client_secret="wr0ng-s3cret") as client:
        auth = getattr(seekauth, library.__name__).SeekAuth(client)
        for own in ({}, {"X-Request-Id": "mine"}):
            with pytest.raises(seekauth.InvalidCredentialsError) as raised:
                library.post(client.api_url, auth=auth, headers=own)
            assert raised.value.request_id
            assert (raised.value.request_id == "mine") is bool(own)
        with pytest.raises(seekauth.InvalidCredentialsError) as raised:
            client.get_token()
    assert raised.value.request_id is None
