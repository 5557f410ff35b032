"""Whom the library trusts, over real TLS: the environment variables that Python's users know."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from program import PREAMBLE, UNLOGGED, run
from sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The variables that decide here; the machine may have set some already.
VARIABLES = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"]

GET = f"""{UNLOGGED}
try:
    print(client.authorization()[:7])
except seekauth.SeekAuthError as error:
    print(error.kind, error)
"""

# The same by requests itself, which the variable is named after.
BY_REQUESTS = """
import requests
try:
    print(requests.post(os.environ["SEEKAUTH_TOKEN_URL"], timeout=60).status_code < 500)
except requests.exceptions.SSLError:
    print("refused")
"""


class Authorities:
    """Where the authority of the sandbox is, and one that has nothing to do with it."""

    def __init__(self, ours: str, other: str, folder: Path) -> None:
        self._files = {"ours": ours, "other": other}
        for name, file in self._files.items():
            (folder / name).mkdir()
            shutil.copy(file, folder / name / "ca.pem")
        self._folder = folder

    def place(self, name: str) -> str:
        """The file of that name, or with a slash at its end the folder."""
        if name.endswith("/"):
            return str(self._folder / name)
        return self._files.get(name, str(self._folder / name))


@pytest.fixture(scope="module")
def tls() -> Iterator[Sandbox]:
    with Sandbox(tls=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def authorities(tls: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    folder = tmp_path_factory.mktemp("authorities")
    with Sandbox(tls=True) as other:
        shutil.copy(other.urls["ca_file"], folder / "other.pem")
    return Authorities(tls.urls["ca_file"], str(folder / "other.pem"), folder)


def environment(authorities: Authorities, given: dict[str, str]) -> dict[str, str | None]:
    named = {name: authorities.place(place) for name, place in given.items()}
    return {**dict.fromkeys(VARIABLES), **named}


TRUSTED: list[dict[str, str]] = [
    {"SSL_CERT_FILE": "ours"},
    {"SSL_CERT_DIR": "ours/"},
    {"SSL_CERT_FILE": "other", "SSL_CERT_DIR": "ours/"},
    {"SSL_CERT_FILE": "ours", "SSL_CERT_DIR": "other/"},
    {"SEEKAUTH_CA_FILE": "ours", "SSL_CERT_FILE": "other"},
    {"REQUESTS_CA_BUNDLE": "ours"},
    {"REQUESTS_CA_BUNDLE": "ours/"},
    {"REQUESTS_CA_BUNDLE": "ours", "SSL_CERT_FILE": "other"},
    {"REQUESTS_CA_BUNDLE": "other", "SEEKAUTH_CA_FILE": "ours"},
]

UNKNOWN: list[dict[str, str]] = [
    {},
    {"SSL_CERT_FILE": "other"},
    {"SSL_CERT_DIR": "other/"},
    {"REQUESTS_CA_BUNDLE": "other"},
    # REQUESTS_CA_BUNDLE replaces the system's authorities and those of the other two.
    {"REQUESTS_CA_BUNDLE": "other", "SSL_CERT_FILE": "ours", "SSL_CERT_DIR": "ours/"},
    # Node's own.
    {"NODE_EXTRA_CA_CERTS": "ours"},
]


@pytest.mark.parametrize("given", TRUSTED, ids=str)
def test_what_the_environment_names_is_trusted(
    tls: Sandbox, authorities: Authorities, given: dict[str, str]
) -> None:
    tls.reset()
    assert run(tls, GET, environment=environment(authorities, given)) == "Bearer \n"
    assert tls.requests() == 1


@pytest.mark.parametrize("given", UNKNOWN, ids=str)
def test_an_unknown_authority_is_a_network_error_that_says_so(
    tls: Sandbox, authorities: Authorities, given: dict[str, str]
) -> None:
    tls.reset()
    said = run(tls, GET, environment=environment(authorities, given))
    assert said.startswith("network ")
    assert "invalid peer certificate" in said
    assert tls.requests() == 0


@pytest.mark.parametrize("bundle", ["ours", "other", None])
def test_requests_trusts_the_same_bundle(
    tls: Sandbox, authorities: Authorities, bundle: str | None
) -> None:
    given = {} if bundle is None else {"REQUESTS_CA_BUNDLE": bundle}
    ours, theirs = run(
        tls, GET + BY_REQUESTS, environment=environment(authorities, given)
    ).splitlines()
    trusted = bundle == "ours"
    assert (ours == "Bearer ", theirs == "True") == (trusted, trusted)
    assert trusted or (ours.startswith("network "), theirs) == (True, "refused")


@pytest.mark.parametrize("bundle", ["nowhere", "file", "folder"])
def test_a_bundle_that_holds_nothing_is_named(tls: Sandbox, tmp_path: Path, bundle: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    named = {**dict.fromkeys(VARIABLES), "REQUESTS_CA_BUNDLE": str(tmp_path / bundle)}
    said = run(tls, GET, environment=named)
    assert said.startswith("invalid_argument REQUESTS_CA_BUNDLE must name")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems judge by themselves")
@pytest.mark.parametrize("certifi", ["ours", "other", None])
def test_a_system_without_authorities_has_those_of_certifi(
    tls: Sandbox, authorities: Authorities, tmp_path: Path, certifi: str | None
) -> None:
    tls.reset()
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    # In front of the real one; without its file it is as good as none.
    package = tmp_path / "certifi"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('it is not imported for this')")
    if certifi is not None:
        shutil.copy(authorities.place(certifi), package / "cacert.pem")
    code = f"""
    sys.path.insert(0, {str(tmp_path)!r})
    client = Client.from_env()
    """
    said = run(
        tls,
        textwrap.dedent(code) + GET,
        PREAMBLE.replace("client = Client.from_env()", ""),
        {**dict.fromkeys(VARIABLES), "SSL_CERT_DIR": str(nothing)},
    )
    if certifi == "ours":
        assert said == "Bearer \n"
    else:
        assert said.startswith("network ")
        assert ("invalid peer certificate" in said) is (certifi == "other")
        assert ("ca-certificates" in said) is (certifi is None)
    assert tls.requests() == (certifi == "ours")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems judge by themselves")
def test_a_system_with_authorities_does_not_trust_certifis(
    tls: Sandbox, authorities: Authorities, tmp_path: Path
) -> None:
    package = tmp_path / "certifi"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(authorities.place("ours"), package / "cacert.pem")
    code = f"sys.path.insert(0, {str(tmp_path)!r})\nclient = Client.from_env()\n{GET}"
    named = environment(authorities, {"SSL_CERT_FILE": "other"})
    said = run(tls, code, PREAMBLE.replace("client = Client.from_env()", ""), named)
    assert "invalid peer certificate" in said
