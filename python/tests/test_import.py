"""The work of importing the package, and the work that is left for the first call."""

from __future__ import annotations

import ast
import inspect
import json
import platform
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

import pytest
from program import PREAMBLE, run

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
        # A property stands before its setter, and has the words of both.
        members = {node.name: node for node in reversed(cls.body) if isinstance(node, methods)}
        assert {name for name in members if not name.startswith("__")} == {
            name for name in dir(native) if not name.startswith("__")
        }
        for name, member in members.items():
            if not name.startswith("__"):
                words = inspect.getdoc(getattr(native, name)) or ""
                assert ast.get_docstring(member) == words.partition("\n\nSettings, ")[0], name


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


AGAIN = """
def forget():
    for name in [name for name in sys.modules if name.partition(".")[0] == "seekauth"]:
        del sys.modules[name]
"""
FAIL = """
    for call in (lambda: seekauth.Client(), lambda: client.get_token(timeout=-1)):
        try:
            call()
        except seekauth.InvalidArgumentError as error:
            assert isinstance(error, seekauth.SeekAuthError), type(error).__mro__
            assert type(pickle.loads(pickle.dumps(error))) is seekauth.errors.InvalidArgumentError
    response = client.graphql("{ nothing }")
    assert isinstance(response, seekauth.GraphQLResponse)
    try:
        response.raise_for_errors()
    except seekauth.GraphQLError as error:
        assert error.errors
    header = client.authorization()
    assert type(header) is importlib.import_module("seekauth._authorization").Authorization
"""


@pytest.mark.parametrize("when", ["before any error", "after an error"])
def test_classes_are_the_same_after_another_import(sandbox: Sandbox, when: str) -> None:
    first = FAIL if when == "after an error" else ""
    code = f"""
    import importlib, pickle
    {first}
    forget()
    import seekauth
    {FAIL}
    del sys.modules["seekauth.errors"], sys.modules["seekauth.graphql"]
    import seekauth.errors, seekauth.graphql
    {FAIL}
    assert seekauth.errors.SeekAuthError is seekauth.SeekAuthError
    assert seekauth.graphql.GraphQLError is seekauth.GraphQLError
    assert isinstance(client, seekauth.Client)
    """
    run(sandbox, code, PREAMBLE + AGAIN)


def test_names_in_annotations_can_be_looked_up() -> None:
    for name in seekauth.__all__:
        public = getattr(seekauth, name)
        if isinstance(public, type):
            get_type_hints(public)
            for member in vars(public).values():
                if inspect.isfunction(member):
                    assert all(hint is not None for hint in get_type_hints(member).values())
    for adapter in (seekauth.httpx.SeekAuth, seekauth.requests.SeekAuth, seekauth.httpx2.SeekAuth):
        assert get_type_hints(adapter.__init__)["client"] is seekauth.Client
    assert get_type_hints(seekauth.aiohttp.seek_auth)["client"] is seekauth.Client
    timeout = get_type_hints(seekauth.Client.get_token_async)["timeout"]
    assert timeout == float | timedelta | None


def test_adapters_and_settings_are_imported_on_first_use(sandbox: Sandbox) -> None:
    code = """
    adapters = ["httpx", "httpx2", "requests", "aiohttp", "opentelemetry", "prometheus"]
    adapters += ["settings", "testing"]
    assert not [name for name in adapters if f"seekauth.{name}" in sys.modules]
    for name in adapters:
        assert getattr(seekauth, name) is sys.modules[f"seekauth.{name}"]
    try:
        seekauth.urllib
    except AttributeError as error:
        print(error)
    """
    assert run(sandbox, code) == "module 'seekauth' has no attribute 'urllib'\n"


@pytest.mark.parametrize("package", ["httpx", "httpx2", "requests", "aiohttp", "opentelemetry"])
def test_a_missing_http_client_is_named_with_its_extra(sandbox: Sandbox, package: str) -> None:
    code = f"""
    sys.modules["{package}"] = None
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "{package}":
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
    del sys.modules["{package}"]
    sys.meta_path.insert(0, Missing())
    try:
        seekauth.{package}
    except ModuleNotFoundError as error:
        print(error, error.name)
    """
    message = f"seekauth.{package} needs {package}: pip install seekauth[{package}] {package}\n"
    assert run(sandbox, code) == message


def test_help_lists_the_settings_with_their_sentences() -> None:
    for method in (seekauth.Client.seek_api, seekauth.Client.seek_pass, seekauth.Client.oauth):
        listed = (inspect.getdoc(method) or "").partition("\n\nSettings, ")[2].splitlines()[2:]
        rows = [(name, doc) for name, _, doc in _native.SETTINGS if name != "service"]
        assert listed[:-2] == [line for name, doc in rows for line in (f"`{name}`", f"    {doc}")]
        assert listed[-2] == "`credentials`"


def test_what_native_code_imports_can_be_seen() -> None:
    """Freezers read the sources: what native code imports must stand there too."""
    package = Path(seekauth.__file__).parent
    native = package.parents[1] / "bindings" / "python" / "src"
    imports = re.compile(r"\bimport\((?:py, )?\"([\w.]+)\"")
    sources = [source.read_text() for source in native.glob("*.rs")]
    wanted = {name for source in sources for name in imports.findall(source)}
    assert "seekauth._credentials" in wanted
    # The first is imported by pyo3, the second is looked for and not imported.
    wanted |= {"datetime", "certifi"}
    seen = set()
    for source in package.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                seen |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                seen.add(node.module)
    # Part of the interpreter itself.
    assert wanted - seen <= set(sys.builtin_module_names)


def failure_of_a_copy(folder: Path) -> str:
    """The last line that a Python prints which imports the package from there."""
    program = "import sys; sys.path.insert(0, sys.argv[1]); import seekauth"
    command = [sys.executable, "-I", "-c", program, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    return done.stderr.splitlines()[-1]


def copy_without_library(folder: Path) -> Path:
    package = Path(seekauth.__file__).parent
    left_out = shutil.ignore_patterns("_native.*", "__pycache__")
    shutil.copytree(package, folder / "seekauth", ignore=left_out)
    return folder


def test_a_package_without_its_library_says_for_which_python(tmp_path: Path) -> None:
    folder = copy_without_library(tmp_path)
    said = failure_of_a_copy(folder)
    place = folder / "seekauth"
    assert f"ImportError: seekauth in {place} has no native library for this Python" in said
    assert platform.python_version() in said
    (folder / "seekauth" / "_native.cp310-win_amd64.pyd").touch()
    assert "there is _native.cp310-win_amd64.pyd, for another" in failure_of_a_copy(folder)


def test_an_archive_is_refused_with_the_way_out(tmp_path: Path) -> None:
    site = copy_without_library(tmp_path / "site")
    archive = shutil.make_archive(str(tmp_path / "app"), "zip", site)
    said = failure_of_a_copy(Path(archive))
    assert f"ImportError: seekauth is in an archive ({archive}), and no system" in said
    assert "shiv" in said
    assert "pip install --target" in said


def test_a_frozen_program_without_it_names_the_option(tmp_path: Path) -> None:
    folder = copy_without_library(tmp_path)
    program = "import sys; sys.frozen = True; sys.path.insert(0, sys.argv[1]); import seekauth"
    command = [sys.executable, "-I", "-c", program, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "PyInstaller: --hidden-import seekauth._native" in done.stderr


def test_a_library_that_does_not_load_is_left_to_say_why(tmp_path: Path) -> None:
    folder = copy_without_library(tmp_path)
    (folder / "seekauth" / "_native.abi3.so").write_bytes(b"of another system")
    assert re.match(r"ImportError: .*_native\.abi3\.so: ", failure_of_a_copy(folder))
