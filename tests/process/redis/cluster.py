"""A cluster of real servers, whose keys can be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server import POLL_S, STARTS_WITHIN_S, Server

from harness.process import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from certificates import Certificates
    from typing_extensions import Self

SLOTS = 16_384


class Cluster:
    """Three nodes that share the slots."""

    def __init__(self, program: str, folder: Path, certificates: Certificates | None = None) -> None:
        lines = ["cluster-enabled yes", "cluster-node-timeout 2000", *(["tls-cluster yes"] if certificates else [])]
        self.nodes = [
            Server(program, folder / f"node-{number}", *lines, certificates=certificates) for number in range(3)
        ]
        for number, node in enumerate(self.nodes):
            first, beyond = SLOTS * number // 3, SLOTS * (number + 1) // 3
            node.cli("CLUSTER", "ADDSLOTSRANGE", str(first), str(beyond - 1))
            node.cli("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for node in self.nodes[1:]:
            node.cli("CLUSTER", "MEET", "127.0.0.1", str(self.nodes[0].port))
        wait_until(
            lambda: all(self._is_whole(node) for node in self.nodes),
            "the cluster does not form",
            within_s=STARTS_WITHIN_S,
            poll_s=POLL_S,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.close()

    @staticmethod
    def _is_whole(node: Server) -> bool:
        state = node.cli("CLUSTER", "INFO").decode()
        return "cluster_state:ok" in state and "cluster_known_nodes:3" in state

    def holder(self) -> tuple[Server, str] | None:
        """The node that has keys, and their slot."""
        for node in self.nodes:
            for key in node.key_names():
                return node, node.cli("CLUSTER", "KEYSLOT", key).decode()
        return None

    def begin_move(self, slot: str, source: Server, target: Server) -> None:
        """From now on, keys that are not there are asked for at the target."""
        target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", self._id(source))
        source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", self._id(target))

    def end_move(self, slot: str, source: Server, target: Server) -> None:
        while keys := source.cli("CLUSTER", "GETKEYSINSLOT", slot, "10").split():
            source.cli("MIGRATE", "127.0.0.1", str(target.port), "", "0", "5000", "KEYS", *keys)
        for node in (target, source, *self.nodes):
            node.cli("CLUSTER", "SETSLOT", slot, "NODE", self._id(target))

    @staticmethod
    def _id(node: Server) -> str:
        return node.cli("CLUSTER", "MYID").decode()
