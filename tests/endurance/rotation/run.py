"""A secret is exchanged while callers keep calling, in every language at once, over TLS and in real time.

    run.py [NAME…]      all forms of rotation, or those whose name contains one of these words

The programs are those of the soak. When all of them hold a token, the server is told to take the new secret
and no longer the old one. Where the program reads a file, that is replaced at once, or, where it comes late, only
after the server has refused the old secret and the live token has carried the callers over. The program then
has to get two more tokens. Prints what each did, and exits with 1 if a caller saw an error, if no new token
came, or if the server refused more than it had to.
Needs what ../soak/run.py does.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms import FORMS, NEW, OLD, Form

from harness import stall
from harness.judge import Judge
from harness.measured import Measured
from harness.process import LIMIT_S, POLL_S, GoneError, wait_for_all
from harness.programs import HOT_CALLS, LANGUAGES, environment
from harness.sandbox import Sandbox

FIRST_LIFE_S = 6
"""Of the tokens that are in use until all programs have started, and of those after the exchange."""
LIFE_S = 40
SETTINGS = {
    # Half the life, so that a token that cannot be renewed has long to live on.
    "SEEKAUTH_REFRESH_MARGIN": "20",
    "SEEKAUTH_TIMEOUT": "60",
}
CALLERS = 4
PAUSE_MS = 400
CARRIED = 2 * (HOT_CALLS + 1)
"""Calls that the live token has to answer before the late file comes."""


@dataclass
class Program:
    """One language with one form, and what is known of it."""

    language: str
    form: Form
    folder: Path
    judge: Judge
    process: Measured | None = None
    expiry: int = 0
    refused_at: int | None = None
    """Calls made when the first refusal was noticed."""
    carried: int = 0
    is_replaced: bool = False
    token_requests: int = 0
    refused: int = 0
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.product

    @property
    def product(self) -> str:
        """Both the client's id and the name that the sandbox counts its requests by."""
        words = "".join(letter if letter.isalnum() else "-" for letter in self.form.name)
        return f"{words}-{self.language.replace('+', 'p')}"

    def replace(self) -> None:
        self.form.write(self.folder, self.product, NEW)
        self.is_replaced = True


def clients(programs: Iterable[Program], secret: str) -> list[dict[str, object]]:
    audiences = ["https://graphql.seek.com"]
    return [
        {"client_id": one.product, "client_secret": secret, "audiences": audiences, "scopes": []} for one in programs
    ]


def start(program: Program, sandbox: Sandbox) -> Measured:
    told = environment(sandbox, program.language, callers=CALLERS, new_clients=0, pause_ms=PAUSE_MS)
    told = {name: value for name, value in told.items() if not name.startswith("SEEKAUTH_CLIENT_")}
    told |= {**SETTINGS, "SEEKAUTH_USER_AGENT": f"{program.product}/1.0"}
    told |= program.form.settings(program.folder, program.product)
    return Measured(LANGUAGES[program.language], told, program.judge)


def exchange(sandbox: Sandbox, programs: list[Program]) -> None:
    """Takes all programs through the exchange of their secrets."""
    wait_for_all(programs, lambda one: one.judge.latest_expiry > 0, "got no first token")
    sandbox.configure(seek_api_lifetime_s=LIFE_S)
    long = (time.time() + LIFE_S / 2) * 1000
    wait_for_all(programs, lambda one: one.judge.latest_expiry > long, "got no token that lives for long")

    for one in programs:
        one.expiry = one.judge.latest_expiry
    # From now on the tokens live shortly again, so that one more renewal is soon seen.
    sandbox.configure(clients=clients(programs, NEW), seek_api_lifetime_s=FIRST_LIFE_S)
    for one in programs:
        if not one.form.is_late:
            one.replace()

    def is_over(one: Program) -> bool:
        mine = [entry for entry in entries if entry["headers"]["user-agent"].startswith(f"{one.product}/")]
        one.token_requests = len(mine)
        one.refused = sum(entry["status"] == 401 for entry in mine)
        if one.refused and one.refused_at is None:
            one.refused_at = one.judge.calls
        if one.refused_at is not None and not one.is_replaced and one.judge.calls >= one.refused_at + CARRIED:
            one.carried = one.judge.calls - one.refused_at
            one.replace()
        return sum(entry["status"] == 200 and NEW in entry["body"] for entry in mine) >= 2

    entries: list[Any] = []
    deadline = time.monotonic() + LIMIT_S
    while waiting := [one.product for one in programs if not is_over(one)]:
        if time.monotonic() > deadline:
            raise GoneError(f"{', '.join(waiting)} did not get two tokens with the new secret")
        time.sleep(POLL_S)
        entries = sandbox.journal()
    wait_for_all(programs, lambda one: one.judge.latest_expiry != one.expiry, "never handed out the new token")


def judged(one: Program, end: list[str]) -> tuple[str, ...]:
    """What was wrong with it."""
    wrong = [*(f"error: {error}" for error in one.judge.errors[:5]), *one.judge.conclude(), *end]
    if one.refused not in one.form.refused:
        wrong.append(f"{one.refused} token requests were refused, expected {one.form.refused}")
    if one.form.is_late and not one.carried:
        wrong.append("the live token carried nobody over")
    return tuple(wrong)


def run(forms: list[Form], folder: Path) -> list[Program]:
    programs = [
        Program(language, form, folder / f"{number}-{language}", Judge(HOT_CALLS + 1))
        for number, form in enumerate(forms)
        for language in LANGUAGES
    ]
    with ExitStack() as stack:
        sandbox = stack.enter_context(Sandbox(tls=True))
        sandbox.configure(clients=clients(programs, OLD), seek_api_lifetime_s=FIRST_LIFE_S)
        over = threading.Event()
        stall.watch([one.judge for one in programs], over)
        stack.callback(over.set)
        for one in programs:
            one.folder.mkdir()
            one.process = stack.enter_context(closing(start(one, sandbox)))
        problem = None
        try:
            exchange(sandbox, programs)
        except GoneError as gone:
            problem = str(gone)
        for one in programs:
            assert one.process is not None
            end = one.process.end()
            one.wrong = judged(one, [problem, *end] if problem else end)
    return programs


def main(words: list[str]) -> int:
    forms = [form for form in FORMS if not words or any(word in form.name for word in words)]
    if not forms:
        print(f"no form of rotation is called {' or '.join(words)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="seekauth-rotation-") as folder:
        programs = run(forms, Path(folder))
    print(
        f"{'secret from':<26}{'':<8}{'calls':>9}{'errors':>8}{'token requests':>16}{'refused':>9}{'carried over':>14}"
    )
    for one in programs:
        carried = str(one.carried) if one.form.is_late else "-"
        print(
            f"{one.form.name:<26}{one.language:<8}{one.judge.calls:>9}{len(one.judge.errors):>8}"
            f"{one.token_requests:>16}{one.refused:>9}{carried:>14}"
        )
    for one in programs:
        for text in one.wrong[:8]:
            print(f"\n{one.form.name}, {one.language}: {text}")
    bad = sum(bool(one.wrong) for one in programs)
    print(f"\nrotation: {len(programs) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
