"""The command `seekauth` with planted secrets: what it prints where all is well, where something is wrong, and where a
server repeats what it was told. Of `seekauth token` alone a token is to be seen.
"""

import os
import subprocess
from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

from story import NOWHERE, Plants, clients

from harness.paths import DEBUG
from harness.sandbox import Sandbox
from harness.search import MARKS, Search

COMMANDS = (["doctor"], ["doctor", "--json"], ["doctor", "--offline"], ["whoami"], ["whoami", "--json"], ["--jsn"])


def situations(plants: Plants) -> Iterator[tuple[dict[str, str], list[dict[str, object]]]]:
    """Settings in place of the good ones, and what the servers say in place of what is right."""
    secret, other, password = (plants.secrets[role] for role in ("text", "other", "proxy"))
    words = f"the secret {secret} is not good"
    refusal = {"endpoint": "seek_api_token", "status": 401, "json": {"error": secret, "error_description": words}}
    yield {}, []
    yield {"CLIENT_SECRET": other}, []
    yield {"CLIENT_SECRET": other, "CLIENT_SECRET_NEXT": secret}, []
    yield {"USER_AGENT": f"Acme/1 {secret}"}, []
    yield {"ENVIRONMENT": secret}, []
    yield {"TIMEOUT": other}, []
    yield {"AUDIENCE": f"https://{secret}.example/"}, []
    proxy, store = (f"{scheme}://name:{quote(password, safe='')}@{NOWHERE}" for scheme in ("http", "redis"))
    yield {"PROXY": proxy}, []
    yield {"PROXY": proxy, "USER_AGENT": f"Acme/1 {password}"}, []
    yield {"PROXY": proxy, "USER_AGENT": f"Acme/1 {quote(password, safe='')}"}, []
    yield {"STORE": store}, []
    yield {"STORE": store, "USER_AGENT": f"Acme/1 {password}"}, []
    yield {"API_URL": f"https://{host(secret)}.invalid/graphql"}, []
    yield {"TOKEN_URL": f"https://{host(secret)}.invalid/oauth/token"}, []
    yield {}, [refusal]
    yield {}, [{"endpoint": "graphql", "json": {"data": {"self": {"partner": {"name": secret}}}}}]
    yield {}, [{"endpoint": "graphql", "json": {"errors": [{"message": words, "extensions": {"code": secret}}]}}]


def examine() -> tuple[int, list[str]]:
    """How many outputs were searched, and what is wrong."""
    plants, outputs = Plants(), []
    with Sandbox(tls=True) as sandbox:
        sandbox.configure(clients=clients(plants))
        good = {**os.environ, **sandbox.environment("Canary/1.0")}
        good["SEEKAUTH_CLIENT_ID"], good["SEEKAUTH_CLIENT_SECRET"] = "canary-text", plants.secrets["text"]
        for (settings, script), command in product(situations(plants), COMMANDS):
            sandbox.ask("DELETE", "/script")
            sandbox.ask("POST", "/script", [{**reply, "times": 0} for reply in script])
            own = {f"SEEKAUTH_{name}": value for name, value in settings.items()}
            outputs.append(
                (f"{' '.join(command)} with {sorted(settings)}, {len(script)} scripted", told(command, good | own))
            )
        sandbox.ask("DELETE", "/script")
        planted = told(["token"], good)
    search, mark = Search(plants.canaries()), MARKS[1].encode()
    # Tokens are told by how they begin: the API has not seen all of them.
    wrong = [] if mark in planted else ["`seekauth token` shows no token"]
    for name, output in outputs:
        hits = search.look(output).hits
        wrong += [f"{name}: {times} times the {role}, {form}" for (role, form), times in hits.items()]
        wrong += [f"{name}: a token"] if mark in output else []
        # Hosts are written in small letters.
        small = output.decode(errors="replace").lower()
        wrong += [f"{name}: the {role} as a host" for role, text in plants.secrets.items() if host(text) in small]
    return len(outputs), wrong


def host(secret: str) -> str:
    """All of a secret that a host may have."""
    return "".join(filter(str.isalnum, secret)).lower()


def told(command: list[str], environment: dict[str, str]) -> bytes:
    done = subprocess.run(
        [DEBUG / "seekauth", *command], env=environment, capture_output=True, timeout=120, check=False
    )
    return done.stdout + done.stderr
