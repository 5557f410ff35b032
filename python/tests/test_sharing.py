"""One token for several processes, by way of a store in a folder."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from seekauth import Client, Event, InvalidArgumentError, StoreStatus

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
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def settings(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    # A busy machine is no reason to go on without the store.
    return {**sandbox.settings, "store": f"local:{folder}", "store_timeout": 60}


def test_what_one_process_gets_the_others_take_over(
    sandbox: Sandbox, settings: dict[str, Any]
) -> None:
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
    settings: dict[str, Any], folder: Path
) -> None:
    with Client.seek_api(**settings) as client:
        token = client.get_token().value
    files = [file for file in folder.iterdir() if file.is_file()]
    text = b"".join(file.name.encode() + file.read_bytes() for file in files)
    assert any(file.suffix == ".token" for file in files)
    for secret in (token, settings["client_secret"], settings["client_id"]):
        assert secret.encode() not in text


def test_a_folder_that_cannot_be_used_costs_nothing_but_sharing(
    settings: dict[str, Any], folder: Path
) -> None:
    folder.mkdir()
    folder.chmod(0o755)
    heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
    with Client.seek_api(**settings) as client:
        client.on_event(heard.put)
        assert client.get_token().value
        status = client.store_status()
        event = heard.get(timeout=60)
    assert (event.name, event.level, event.fields["store"]) == ("store_failed", "warning", "local")
    assert event.fields["pause"] == pytest.approx(0.75, abs=0.26)
    assert (status.usable, status.alone) == (False, 1)
    assert status.last_problem == "others may enter its folder; give it mode 0700"


def test_without_a_store_there_is_none(settings: dict[str, Any]) -> None:
    del settings["store"], settings["store_timeout"]
    with Client.seek_api(**settings) as client:
        assert (client.store_status().kind, client.store_status().usable) == ("none", False)
        with pytest.raises(InvalidArgumentError, match="store_timeout"):
            Client.seek_api(**settings, store_timeout=1)
