"""Figures of clients for prometheus_client. Install `seekauth[prometheus]`.

from prometheus_client import REGISTRY
from seekauth.prometheus import collector

REGISTRY.register(collector(client))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seekauth._adapters.common import missing
from seekauth._native import Client, Stats

try:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        Metric,
        SummaryMetricFamily,
    )
    from prometheus_client.registry import Collector
except ModuleNotFoundError as error:
    raise missing(error, "prometheus_client", "prometheus") from None

__all__ = ["collector"]


def collector(clients: Client | Mapping[str, Client]) -> Collector:
    """A collector of what a client did so far, or of several by their names.

    The names become the label `client`. A registry takes one such collector, since metrics of one
    name belong together: give it all clients. It asks each for its figures when it is scraped.
    """
    return _Figures(clients if isinstance(clients, Mapping) else {"": clients})


class _Figures(Collector):
    def __init__(self, clients: Mapping[str, Client]) -> None:
        self._clients = dict(clients)

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "seekauth_token_requests",
            "Token requests that ended; error_type is empty for those that succeeded.",
            labels=["client", "error_type"],
        )
        rejections = CounterMetricFamily(
            "seekauth_token_rejections", "Rejections of a token by the API.", labels=["client"]
        )
        stale = CounterMetricFamily(
            "seekauth_token_stale_served",
            "Calls that got a token although its renewal had failed.",
            labels=["client"],
        )
        dropped = CounterMetricFamily(
            "seekauth_events_dropped",
            "Events that were lost because nobody took them in time.",
            labels=["client"],
        )
        waiting = GaugeMetricFamily(
            "seekauth_token_waiting", "Calls that wait for a token now.", labels=["client"]
        )
        waits = SummaryMetricFamily(
            "seekauth_token_wait_duration_seconds",
            "Calls that had to wait for a token, and how long.",
            labels=["client"],
        )
        remaining = GaugeMetricFamily(
            "seekauth_token_remaining_seconds",
            "How long a token lives still.",
            labels=["client", "scopes"],
        )
        for name, client in self._clients.items():
            stats: Stats = client.stats()
            requests.add_metric([name, ""], stats.requests_succeeded)
            for kind, count in stats.requests_failed.items():
                requests.add_metric([name, kind], count)
            rejections.add_metric([name], stats.rejections)
            stale.add_metric([name], stats.stale_served)
            dropped.add_metric([name], stats.events_dropped)
            waiting.add_metric([name], stats.waiting)
            waits.add_metric([name], count_value=stats.waits, sum_value=stats.waited)
            for token in stats.tokens:
                if token.remaining is not None:
                    remaining.add_metric([name, " ".join(token.scopes)], token.remaining)
        return (requests, rejections, stale, dropped, waiting, waits, remaining)
