"""One token for several processes, by way of a store in a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from seekauth import Client, InvalidArgumentError, StoreStatus

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox import Sandbox

PROGRAM = """
import json, sys
from seekauth import Client
client = Client.seek_api(**json.loads(sys.argv[1]))
print(json.dumps([client.get_token().value, client.store_status().adopted]))
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"local:{tmp_path / 'store'}"


def test_what_one_process_gets_the_others_take_over(sandbox: Sandbox, store: str) -> None:
    settings = {**sandbox.settings, "store": store}
    with Client.seek_api(**settings) as client:
        mine = client.get_token().value
        command = [sys.executable, "-c", PROGRAM, json.dumps(settings)]
        theirs = [json.loads(subprocess.check_output(command)) for _ in range(3)]
        status = client.store_status()
    assert theirs == [[mine, 1]] * 3
    assert sandbox.requests() == 1
    assert isinstance(status, StoreStatus)
    assert (status.kind, status.usable, status.last_problem) == ("local", True, None)
    assert (status.claimed, status.published, status.adopted) == (1, 1, 0)
    assert mine not in repr(status)


def test_nothing_in_the_store_shows_what_it_is_about(
    sandbox: Sandbox, store: str, tmp_path: Path
) -> None:
    with Client.seek_api(**sandbox.settings, store=store) as client:
        token = client.get_token().value
    files = [file for file in (tmp_path / "store").iterdir() if file.is_file()]
    text = b"".join(file.name.encode() + file.read_bytes() for file in files)
    assert any(file.suffix == ".token" for file in files)
    for secret in (token, sandbox.settings["client_secret"], sandbox.settings["client_id"]):
        assert secret.encode() not in text


def test_a_folder_that_cannot_be_used_costs_nothing_but_sharing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    with Client.seek_api(**sandbox.settings, store=f"local:{tmp_path}") as client:
        assert client.get_token().value
        status = client.store_status()
    assert (status.usable, status.alone) == (False, 1)
    assert status.last_problem == "others may enter its folder; give it mode 0700"


def test_without_a_store_there_is_none(sandbox: Sandbox) -> None:
    with Client.seek_api(**sandbox.settings) as client:
        assert (client.store_status().kind, client.store_status().usable) == ("none", False)
        with pytest.raises(InvalidArgumentError, match="store_timeout"):
            Client.seek_api(**sandbox.settings, store_timeout=1)
