"""The work of importing the package, and the work that is left for the first call."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from program import run

import seekauth
from seekauth import _native

if TYPE_CHECKING:
    from sandbox import Sandbox

# Each of these costs more than seekauth itself, and HTTP clients are the program's choice.
NOT_IMPORTED = [
    "aiohttp",
    "asyncio",
    "datetime",
    "dataclasses",
    "enum",
    "httpx",
    "httpx2",
    "inspect",
    "json",
    "requests",
    "ssl",
    "threading",
    "typing",
    "urllib3",
]

THREADS = """
import json
from pathlib import Path
def threads():
    return len(list(Path("/proc/self/task").iterdir()))
"""


def test_importing_brings_in_nothing_heavy(sandbox: Sandbox) -> None:
    code = "import sys; before = set(sys.modules); import seekauth\n"
    code += "new = sorted(set(sys.modules) - before); import json; print(json.dumps(new))"
    imported = json.loads(run(sandbox, code, ""))
    assert "seekauth._native" in imported
    assert not set(NOT_IMPORTED) & set(imported)


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_nothing_starts_before_the_first_call_and_one_thread_after(sandbox: Sandbox) -> None:
    code = """
    counts = [threads()]
    import seekauth
    clients = [seekauth.Client.from_env() for _ in range(10)]
    counts.append(threads())
    for client in clients:
        client.authorization()
    # The resolver may keep a thread of its own for a while.
    counts.append(threads())
    print(json.dumps(counts))
    """
    before, made, used = json.loads(run(sandbox, code, THREADS))
    assert before == made == 1
    assert used <= 3
    assert sandbox.requests() == 10


def test_the_version_is_the_native_halfs() -> None:
    assert seekauth.__version__ == _native.__version__
    assert seekauth.__version__.count(".") == 2


def test_everything_public_is_documented() -> None:
    for name in seekauth.__all__:
        assert getattr(seekauth, name).__doc__, name
    for cls in (seekauth.Client, seekauth.AuthFlow, seekauth.Inspection, seekauth.Token):
        for name in dir(cls):
            if not name.startswith("_"):
                assert getattr(cls, name).__doc__, f"{cls.__name__}.{name}"


def test_the_stub_has_the_members_and_the_words_of_the_native_half() -> None:
    stub = ast.parse(Path(seekauth.__file__).with_name("_native.pyi").read_text())
    classes = [node for node in stub.body if isinstance(node, ast.ClassDef)]
    natives = {name for name, value in vars(_native).items() if isinstance(value, type)}
    assert {cls.name for cls in classes} == natives
    for cls in classes:
        native = getattr(_native, cls.name)
        assert ast.get_docstring(cls) == inspect.getdoc(native)
        methods = (ast.FunctionDef, ast.AsyncFunctionDef)
        members = {node.name: node for node in cls.body if isinstance(node, methods)}
        assert {name for name in members if not name.startswith("__")} == {
            name for name in dir(native) if not name.startswith("__")
        }
        for name, member in members.items():
            if not name.startswith("__"):
                assert ast.get_docstring(member) == inspect.getdoc(getattr(native, name)), name


def test_a_second_interpreter_is_refused_and_not_crashed(sandbox: Sandbox) -> None:
    code = '''
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    second = interpreters.create()
    interpreters.run_string(second, """if True:
        try:
            import seekauth
        except ImportError as error:
            print("interpreter" in str(error), flush=True)
    """)
    interpreters.destroy(second)
    print(client.authorization()[:7])
    '''
    assert run(sandbox, code) == "True\nBearer \n"
