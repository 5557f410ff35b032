"""Only makes the hot call so often, for a program that counts instructions: count.py CALLS."""

import sys

from libraries import seekauth


def main(calls: int) -> None:
    client = seekauth("count.1800.0").names["o"]
    client.authorization()
    for _ in range(calls):
        client.authorization()


main(int(sys.argv[1]))
