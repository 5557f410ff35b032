"""The function of a worker of `multiprocessing`; a spawned one has to import it."""

from __future__ import annotations

import logging

from seekauth import Client


def authorization() -> str:
    with Client.from_env() as client:
        return client.authorization()


def refused() -> str:
    # That it is, is no surprise.
    logging.getLogger("seekauth").addHandler(logging.NullHandler())
    with Client.from_env(client_secret="wrong") as client:
        return client.authorization()


def use(client: Client) -> str:
    return client.authorization()
