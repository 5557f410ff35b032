"""The programs of the soak, one for each language, and what they are told of a sandbox that speaks TLS:
the client that lives is one of the SEEK API, those that come and go are of SEEK Pass.
"""

from .paths import DEBUG, PYTHON, ROOT
from .sandbox import PASS_ID, PASS_SECRET, Sandbox

SOURCES = ROOT / "tests" / "endurance" / "soak"
BUILT = ROOT / "target" / "soak"

LANGUAGES: dict[str, list[str]] = {
    "Rust": [str(DEBUG / "seekauth-soak")],
    "C": [str(BUILT / "soak-c")],
    "C++": [str(BUILT / "soak-cpp")],
    "Python": [str(PYTHON), str(SOURCES / "program.py")],
    "Node": ["node", "--expose-gc", str(SOURCES / "program.mjs")],
}
HOT_CALLS = 50
"""As in the programs: calls in a round besides the one whose token is used."""


def agent(language: str) -> str:
    """The name by which the sandbox counts its requests."""
    return f"soak-{language}"


def environment(sandbox: Sandbox, language: str, *, callers: int, new_clients: int, pause_ms: int) -> dict[str, str]:
    """What a program needs to know."""
    base = sandbox.urls["pass"]
    return {
        **sandbox.environment(f"{agent(language)}/1.0"),
        "SOAK_CALLERS": str(callers),
        "SOAK_NEW_CLIENTS": str(new_clients),
        "SOAK_PAUSE_MS": str(pause_ms),
        "SOAK_NEW_SERVICE": "seek_pass",
        "SOAK_NEW_ENVIRONMENT": "staging",
        "SOAK_NEW_BASE_URL": base,
        "SOAK_NEW_URL": f"{base}/api/partner/v1/add/education.json",
        "SOAK_NEW_CLIENT_ID": PASS_ID,
        "SOAK_NEW_CLIENT_SECRET": PASS_SECRET,
        "SOAK_NEW_SCOPES": "write.education",
        "SOAK_NEW_USER_AGENT": "soak-new/1.0",
    }
