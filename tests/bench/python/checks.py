"""Counts that need more than one call: prints as JSON how Python's client bears rejections, forks and a look for
secrets.

checks.py REJECTIONS PLACE REFUSING, each a place at the token server
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback

import seekauth
from libraries import ID, plain

SECRET = "planted-" + "secret"
REJECTIONS = 100
CHILDREN = 8
TRUSTED_AFTER_S = 2.05


def client_at(place: str) -> seekauth.Client:
    return seekauth.Client.oauth(token_url=plain(place), client_id=ID, client_secret=SECRET, user_agent="Bench/1.0")


def rejected(place: str) -> None:
    """A hundred threads find the same token rejected, report it and ask again."""
    client = client_at(place)
    refused = client.authorization()
    # A rejection counts once the token is two seconds old.
    time.sleep(TRUSTED_AFTER_S)
    start = threading.Barrier(REJECTIONS)

    def caller() -> None:
        start.wait()
        client.invalidate(refused)
        client.authorization()

    threads = [threading.Thread(target=caller) for _ in range(REJECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def forked(client: seekauth.Client) -> int:
    """How many children fail, or do not end in a minute, on a first call that needs a request."""
    children = []
    for number in range(CHILDREN):
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            value = client.with_scopes(f"child{number}").authorization()
            os._exit(0 if value.startswith("Bearer ") else 1)
        children.append(child)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def shown(client: seekauth.Client, refused: str) -> int:
    """How often the secret or the token is in what may be printed."""
    token = client.get_token()
    texts = [repr(client), str(client), repr(token), str(token), repr(vars(seekauth))]
    try:
        client_at(refused).authorization()
    except seekauth.SeekAuthError as error:
        texts += [repr(error), str(error), "".join(traceback.format_exception(error)), repr(error.__dict__)]
    else:
        raise SystemExit("a token from a place that refuses")
    return sum(secret in text for text in texts for secret in (SECRET, token.value))


def main() -> None:
    rejections, place, refusing = sys.argv[1:4]
    rejected(rejections)
    client = client_at(place)
    client.authorization()
    result = {"secrets_shown": shown(client, refusing), "forked_failed": forked(client)}
    clients = [client_at(place) for _ in range(50)]
    for each in clients:
        each.authorization()
    result["threads_of_50_clients"] = len(os.listdir("/proc/self/task")) - 1
    print(json.dumps(result))
    sys.stdout.flush()
    os._exit(0)


main()
