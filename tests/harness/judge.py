"""What is right and wrong of what the callers of one program saw.

When a token ends is what the library said when it handed it out, and the sandbox is the witness: if
it refuses no token before that moment, one that was handed out before it was alive. Times are
milliseconds of the system's clock, which all processes share.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass

ROUNDING_MS = 5
"""The library counts by two clocks in steps of the kernel's timer."""
BUSY_MS = 1_000
"""How long a thread may wait for the processor between its call's end and its look at the clock, beyond
the longest stall of the machine that was noticed."""


@dataclass(frozen=True)
class Use:
    """A token that was handed out and sent to the API."""

    asked: int
    handed: int
    answered: int
    verdict: str


@dataclass
class Token:
    """What is known of one."""

    expires: int
    seen: int
    revoked: bool = False


class Judge:
    """The record of one program. `line` and `revoke` may be called from different threads."""

    def __init__(self, calls_a_round: int) -> None:
        self._calls_a_round = calls_a_round
        self._lock = threading.Lock()
        self._tokens: dict[str, Token] = {}
        self._undecided: dict[str, list[Use]] = {}
        self._latest: str | None = None
        """The newest token of the client that lives."""
        self.calls = 0
        self.errors_with_token: list[str] = []
        self.errors_without: Counter[str] = Counter()
        self.stall_ms = 0
        """The longest time for which the machine let nobody run, as far as the driver noticed."""
        self._late: list[tuple[int, str]] = []
        self._asked_expired: list[str] = []
        self.refused_alive: list[str] = []
        self.refused_revoked = 0
        self.expired_on_the_way = 0
        self.broken: list[str] = []

    def line(self, line: str) -> None:
        """Takes what a program printed."""
        with self._lock:
            match line.rstrip("\n").split("\t"):
                case ["used", client, asked, handed, answered, expires, verdict, authorization]:
                    self._count(client)
                    use = Use(int(asked), int(handed), int(answered), verdict)
                    self._used(client, authorization, int(expires), use)
                case ["failed", client, asked, ended, name]:
                    self._count(client)
                    self._failed(client, int(asked), int(ended), name)
                case _:
                    self.broken.append(f"printed {line!r}")

    def revoke(self) -> str | None:
        """The token in use, which from now on the API may refuse; `None` if none is alive."""
        with self._lock:
            token = self._tokens[self._latest] if self._latest else None
            if token is None or token.expires < time.time() * 1000:
                return None
            token.revoked = True
            return self._latest

    @property
    def handed_out_expired(self) -> list[str]:
        """Tokens that were handed out after their end."""
        late = [text for lateness, text in self._late if lateness > BUSY_MS + self.stall_ms]
        return self._asked_expired + late

    @property
    def latest_expiry(self) -> int:
        """When the newest token of the client that lives ends; 0 before there is one."""
        with self._lock:
            return self._tokens[self._latest].expires if self._latest else 0

    @property
    def errors(self) -> list[str]:
        """What calls failed with, whether there was a token or not."""
        with self._lock:
            return [*self.errors_with_token, *self.errors_without.elements()]

    def conclude(self) -> list[str]:
        """What was wrong, at the end."""
        with self._lock:
            unknown = sum(map(len, self._undecided.values()))
            # Uses whose token no other line tells the life of, which takes one that hardly lived.
            few = self.calls // self._calls_a_round // 100 + 1
            texts = [
                *(f"error with a token alive: {text}" for text in self.errors_with_token[:10]),
                *(f"handed out expired: {text}" for text in self.handed_out_expired[:10]),
                *(f"refused before its expiry: {text}" for text in self.refused_alive[:10]),
                *self.broken[:10],
            ]
            if unknown > few:
                texts.append(f"{unknown} uses of tokens that were never seen with their expiry")
            if self.calls == 0:
                texts.append("made no call")
            return texts

    def _count(self, client: str) -> None:
        if client == "new":
            self.calls += 1
        else:
            self.calls += self._calls_a_round

    def _used(self, client: str, authorization: str, expires: int, use: Use) -> None:
        known = self._tokens.get(authorization)
        if known is None and expires:
            known = self._tokens[authorization] = Token(expires, use.handed)
            if client == "main":
                self._latest = authorization
        if known is None:
            self._undecided.setdefault(authorization, []).append(use)
            return
        for one in (*self._undecided.pop(authorization, ()), use):
            self._decide(known, one)

    def _decide(self, token: Token, use: Use) -> None:
        times = f"asked {use.asked}, handed {use.handed}, expired {token.expires}"
        if use.asked > token.expires + ROUNDING_MS:
            self._asked_expired.append(times)
        elif use.handed > token.expires + ROUNDING_MS:
            self._late.append((use.handed - token.expires, times))
        if use.verdict == "refused":
            if token.revoked:
                self.refused_revoked += 1
            elif use.answered < token.expires:
                self.refused_alive.append(f"{times}, refused {use.answered}")
            else:
                self.expired_on_the_way += 1
        elif use.verdict != "ok":
            self.broken.append("the API answered what it should not")

    def _failed(self, client: str, asked: int, ended: int, name: str) -> None:
        # A new client has no token yet, whatever the others have.
        token = self._tokens[self._latest] if client == "main" and self._latest else None
        alive = token and not token.revoked and token.seen < asked and ended < token.expires
        if alive and token:
            self.errors_with_token.append(f"{name}, asked {asked}, ended {ended}, expires {token.expires}")
        else:
            self.errors_without[name] += 1
