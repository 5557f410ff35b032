"""The fixtures in what the examples of the documentation do not show."""

import json
import os
import socket
import subprocess
import sys
import urllib.request

import pytest
import seekauth_sandbox
from seekauth_sandbox import _sandbox


def test_a_fresh_sandbox_for_each_test_first(sandbox, seekauth_sandbox):
    assert sandbox is seekauth_sandbox
    assert sandbox.journal() == []
    sandbox.configure(seek_api_lifetime_s=1)
    sandbox.script({"endpoint": "graphql", "status": 500})


def test_a_fresh_sandbox_for_each_test_second(sandbox):
    assert sandbox.script_left() == 0
    assert os.environ["SEEKAUTH_TOKEN_URL"] == sandbox.urls["token_url"]
    assert os.environ["PASS_BASE_URL"] == sandbox.urls["pass"]
    assert os.environ.get("SEEKAUTH_CA_FILE") == sandbox.ca_file


def test_what_was_set_for_real_is_no_setting(pytester_like):
    said = pytester_like(SEEKAUTH_CLIENT_SECRET_FILE="/run/secrets/real")
    assert "1 passed" in said, said


def test_variables_are_gone_after_the_test():
    assert not [name for name in os.environ if name.startswith("SEEKAUTH_")]


def test_a_mistake_is_told(sandbox):
    with pytest.raises(seekauth_sandbox.SandboxError, match="error must be one of"):
        sandbox.script({"endpoint": "graphql", "error": "nonsense"})
    with pytest.raises(seekauth_sandbox.SandboxError, match="kind: nothing was delivered"):
        sandbox.deliver("seek_api", "http://127.0.0.1:9/", "sixteen letters!", kind="replayed")


def test_a_call_that_times_out_ends_no_other(monkeypatch):
    monkeypatch.setattr(_sandbox, "RESPONDS_WITHIN", 1.0)
    with seekauth_sandbox.Sandbox() as own, socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        with pytest.raises(TimeoutError):
            own.deliver("seek_api", f"http://{host}:{port}/", "sixteen letters!")
        assert own.requests("auth") == 0


def test_it_ends_with_its_program():
    code = "import seekauth_sandbox, os; print(seekauth_sandbox.Sandbox().urls['admin'], flush=True); os._exit(0)"
    admin = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    is_there = True
    while is_there:
        try:
            is_there = bool(json.load(direct.open(f"{admin}/urls")))
        except OSError:
            is_there = False


@pytest.fixture
def pytester_like(tmp_path):
    """Another run of pytest, with variables, on a test that makes a client of what is set."""

    def run(**variables: str) -> str:
        (tmp_path / "test_inner.py").write_text(
            "import seekauth\n\ndef test_inner(sandbox):\n    seekauth.Client.from_env().get_token()\n"
        )
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables}).stdout

    return run
