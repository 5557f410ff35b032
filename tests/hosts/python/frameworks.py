"""A program of FastAPI and pydantic, which look up annotations at run time and have types of their own for settings."""

from typing import Annotated, Any

import seekauth
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import AnyUrl, BaseModel, HttpUrl, SecretStr, validate_call

from harness.sandbox import Sandbox


class Configuration(BaseModel):
    """As a program keeps it."""

    client_id: str
    client_secret: SecretStr
    token_url: HttpUrl
    api_url: AnyUrl


def configured(sandbox: Sandbox) -> seekauth.Client:
    configuration = Configuration.model_validate(sandbox.settings)
    assert sandbox.settings["client_secret"] not in repr(configuration)
    return seekauth.Client.seek_api(
        environment="live",
        user_agent="seekauth-tests/1.0",
        client_id=configuration.client_id,
        client_secret=configuration.client_secret,
        token_url=configuration.token_url,
        api_url=configuration.api_url,
    )


def app_of(client: seekauth.Client) -> FastAPI:
    app = FastAPI()

    @app.get("/token")
    async def token(authorization: Annotated[str, Depends(client.authorization_async)]) -> str:
        return authorization

    @app.get("/scopes")
    async def scopes(token: Annotated[seekauth.Token, Depends(client.get_token_async)]) -> list[str]:
        return list(token.scopes)

    return app


def main() -> None:
    with Sandbox() as sandbox, configured(sandbox) as client:
        assert client.authorization().startswith("Bearer ")
        assert client.auth_flow(HttpUrl(sandbox.urls["graphql_url"])).authorization()
        with TestClient(app_of(client)) as api:
            assert api.get("/token").json() == client.authorization()
            assert api.get("/scopes").json() == []

        arbitrary: Any = {"arbitrary_types_allowed": True}
        graphql = validate_call(client.graphql, config=arbitrary, validate_return=True)
        assert graphql("{ self { partner { name } } }", timeout="5").raise_for_errors().data


main()
