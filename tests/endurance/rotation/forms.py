"""The forms in which a program can be given a secret that is about to be exchanged: what it is told, and what
happens to its files. Which of them arrives when is the driver's.
"""

import json
from dataclasses import dataclass
from pathlib import Path

OLD, NEW = "the-old-secret", "the-new-secret"


@dataclass(frozen=True)
class Form:
    """One way to rotate."""

    name: str
    is_late: bool = False
    """Whether the file comes only after the server has refused the old secret."""

    def settings(self, folder: Path, client_id: str) -> dict[str, str]:
        """What the program is told, and the file that it is told of."""
        path = folder / "secret"
        self.write(folder, client_id, OLD)
        match self.name:
            case "client_secret_next":
                return {
                    "SEEKAUTH_CLIENT_ID": client_id,
                    "SEEKAUTH_CLIENT_SECRET": OLD,
                    "SEEKAUTH_CLIENT_SECRET_NEXT": NEW,
                }
            case "credentials_file":
                return {"SEEKAUTH_CREDENTIALS_FILE": str(path)}
            case _:
                return {"SEEKAUTH_CLIENT_ID": client_id, "SEEKAUTH_CLIENT_SECRET_FILE": str(path)}

    def write(self, folder: Path, client_id: str, secret: str) -> None:
        """Puts a new file into the place of the old one in one step, as Kubernetes does."""
        text = f"{secret}\n"
        if self.name == "credentials_file":
            text = json.dumps({"client_id": client_id, "client_secret": secret})
        new = folder / ".new"
        new.write_text(text)
        new.chmod(0o600)
        new.replace(folder / "secret")

    @property
    def refused(self) -> range:
        """How many token requests the server may refuse. A request that is under way while the secret is
        exchanged is refused, and its secret asked for again at once.
        """
        if self.is_late:
            return range(1, 100)
        return range(1, 2) if self.name == "client_secret_next" else range(2)


FORMS = (
    Form("client_secret_file"),
    Form("client_secret_file, late", is_late=True),
    Form("credentials_file"),
    Form("client_secret_next"),
)
