"""Tells the same story in every language and shows the outcome as one table.

    run.py SANDBOX NAME=COMMAND...      for example  run.py seekauth-sandbox node="node demo.mjs"

The programs talk to a sandbox that is started for them. With SEEKAUTH_CLIENT_ID and
SEEKAUTH_CLIENT_SECRET set they talk to the real service instead, the one that SEEKAUTH_SERVICE
(default: seek_api) and SEEKAUTH_ENVIRONMENT name; steps that would do harm there are skipped. Exits
with 1 if anything is wrong and with 2 if it was called wrongly. Needs nothing but Python 3.10.
"""

import hashlib
import io
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import stage
from program import OK, SKIPPED, WRONG, Cell, Program
from stage import API_DELAY_MS, PASS_LIFETIME_S, SECRETS, TOKEN_DELAY_MS, TOKENS
from steps import SEEK_API, SEEK_PASS, SHARING, STEPS, Step, requests, tokens
from table import duration, paint, table

from harness.process import inherited
from harness.sandbox import Sandbox

LANGUAGES = {"rust": "Rust", "c": "C", "cpp": "C++", "python": "Python", "node": "Node"}
SERVICES = {SEEK_API: "SEEK API", SEEK_PASS: "SEEK Pass"}
PROCESSES = 8
"""Of one program at once, which share a token."""
CREDENTIALS = ("SEEKAUTH_CLIENT_ID", "SEEKAUTH_CLIENT_SECRET")

Story = dict[str, list[Cell]]
"""For each step by its id, a cell from each program."""


def main(arguments: Sequence[str]) -> int:
    if len(arguments) < 2 or any("=" not in argument for argument in arguments[1:]):
        return usage("usage: run.py SANDBOX NAME=COMMAND...")
    pairs = [argument.split("=", 1) for argument in arguments[1:]]
    programs = [Program(name, shlex.split(command)) for name, command in pairs]
    for command in (arguments[0], *(program.command[0] for program in programs)):
        if shutil.which(command) is None:
            return usage(f"{command} is not there or no program; build the demo first")
    given = [name for name in CREDENTIALS if os.environ.get(name)]
    if not given:
        return with_sandbox(arguments[0], programs)
    if len(given) < len(CREDENTIALS):
        return usage(f"{' and '.join(CREDENTIALS)} go together; {given[0]} alone is not enough")
    return with_real_service(programs)


def with_sandbox(path: str, programs: Sequence[Program]) -> int:
    """The whole story, checked against what the sandbox saw of it."""
    with Sandbox(path) as sandbox:
        stage.set_up(sandbox)
        print(
            f"Against the sandbox. It takes {TOKEN_DELAY_MS} ms over a token and {API_DELAY_MS} ms"
            f" over any other request; its SEEK Pass tokens live for {PASS_LIFETIME_S} s."
        )
        environment = {**inherited("DEMO_"), **stage.environment(sandbox, "demo")}
        story = tell(programs, STEPS, environment, [*SECRETS, TOKENS])
        compare_errors(story)
        print(f"\n{PROCESSES} processes of each program at once, with store=local", flush=True)
        story[SHARING.id] = [share(program, environment, sandbox) for program in programs]
        conclusions = [conclude(programs, story), count(sandbox, programs)]
        return 0 if all(conclusions) else 1


def with_real_service(programs: Sequence[Program]) -> int:
    """The steps that do no harm, with the settings of the caller's environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DEMO_")}
    service = environment.setdefault("SEEKAUTH_SERVICE", SEEK_API)
    where = environment.get("SEEKAUTH_ENVIRONMENT", "")
    if service in SERVICES and not where:
        return usage("SEEKAUTH_ENVIRONMENT is missing; it says what the credentials are for")
    print(f"Against the real service: {SERVICES.get(service, service)} {where}".rstrip() + ".")
    skipped = {step.id: step.spared for step in (*STEPS, SHARING) if step.spared}
    if service != SEEK_API:
        skipped["graphql"] = "the SEEK API alone speaks GraphQL"
    steps = [step for step in STEPS if step.id not in skipped]
    story = tell(programs, steps, environment, [environment["SEEKAUTH_CLIENT_SECRET"]])
    story |= {name: [Cell(SKIPPED, why)] for name, why in skipped.items()}
    return 0 if conclude(programs, story) else 1


def tell(
    programs: Sequence[Program],
    steps: Sequence[Step],
    environment: Mapping[str, str],
    secrets: Sequence[str],
) -> Story:
    """Runs one program after another and shows what each reports, as it reports it."""
    story: Story = {step.id: [] for step in steps}
    width = max(len(step.title) for step in steps)
    on_terminal = sys.stdout.isatty()

    def began(step: Step) -> None:
        if on_terminal:
            print(f"  {step.title:<{width}}  ...", end="\r", flush=True)

    def ended(step: Step, cell: Cell) -> None:
        time = "" if cell.microseconds is None else duration(cell.microseconds)
        print(f"  {step.title:<{width}}  {time:>8}  {paint(cell.text, cell.verdict)}", flush=True)

    for program in programs:
        print(f"\n{LANGUAGES.get(program.name, program.name)}", flush=True)
        cells = program.run(steps, environment, secrets, began, ended)
        for step in steps:
            story[step.id].append(cells[step.id])
    return story


def share(program: Program, environment: Mapping[str, str], sandbox: Sandbox) -> Cell:
    """Runs several processes of a program at once, which share a token; the slowest first call of theirs."""
    several = Program(f"{program.name}-several", program.command)
    steps = [step for step in STEPS if not step.spared]
    shared = {name: value for name, value in environment.items() if not name.startswith("DEMO_")}
    # However busy the machine is, none of them goes on without the store.
    shared["SEEKAUTH_STORE_TIMEOUT"] = "10"
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(PROCESSES) as pool:
        shared["SEEKAUTH_STORE"] = f"local:{folder}/store"
        runs = [
            pool.submit(several.run, steps, shared, [*SECRETS, TOKENS], lambda _: None, lambda *_: None)
            for _ in range(PROCESSES)
        ]
        reports = [run.result() for run in runs]
    asked = stage.token_requests(sandbox, several.agent, SEEK_API)
    slowest = max(cells["token"].microseconds or 0 for cells in reports)
    cell = Cell(OK if asked == 1 else WRONG, f"{asked} token request{'' if asked == 1 else 's'}", slowest)
    wrong = [one for cells in reports for one in cells.values() if one.verdict != OK]
    cell = wrong[0] if wrong else cell
    print(f"  {LANGUAGES.get(program.name, program.name):<8}{duration(slowest):>8}  {paint(cell.text, cell.verdict)}")
    return cell


def compare_errors(story: Story) -> None:
    """One core says what a wrong secret is, so all languages have to say the same, each with its own spelling of the
    settings.
    """
    said = [cell.what for cell in story["secret"] if cell.verdict == OK]
    for index, cell in enumerate(story["secret"]):
        if cell.verdict == OK and unspelled(cell.what) != unspelled(said[0]):
            story["secret"][index] = Cell(WRONG, f"other languages say: {said[0]}")


def unspelled(text: str) -> str:
    """The same for `client_id` and `clientId`."""
    return text.replace("_", "").lower()


def conclude(programs: Sequence[Program], story: Story) -> bool:
    """Prints the table. Whether every cell is right."""
    languages = [LANGUAGES.get(program.name, program.name) for program in programs]
    print("\n" + table(languages, [(step.title, story[step.id]) for step in (*STEPS, SHARING)]) + "\n")
    wrong = sum(cell.verdict == WRONG for cells in story.values() for cell in cells)
    if wrong:
        print(paint(f"Wrong cells: {wrong}.", WRONG))
    else:
        print(paint("No cell is wrong.", OK))
    return wrong == 0


def count(sandbox: Sandbox, programs: Sequence[Program]) -> bool:
    """Prints what the sandbox counted of each language. Whether it is what it should be."""
    print("\nToken requests that the sandbox counted, and the tokens that it saw used, as SHA-256:\n")
    row = "{:<14}{:<20}{:<21}{:<20}{}"
    heads = [f"{title} {what}" for title in SERVICES.values() for what in ("requests", "tokens")]
    print(row.format("user agent", *heads))
    all_right = True
    for program in programs:
        fields, right = [program.agent], True
        for service in SERVICES:
            asked = stage.token_requests(sandbox, program.agent, service)
            used = stage.tokens_used(sandbox, program.agent, service)
            right &= (asked, len(used)) == (requests(service), tokens(service))
            prints = (hashlib.sha256(token.encode()).hexdigest()[:6] for token in used)
            fields += [f"{asked}, expected {requests(service)}", " ".join(prints)]
        print(paint(row.format(*fields).rstrip(), OK if right else WRONG))
        all_right &= right
    print("\n" + (paint("Every count is right.", OK) if all_right else paint("Counts are wrong.", WRONG)))
    return all_right


def usage(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    # A terminal without a micro sign shows another sign in its place.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
