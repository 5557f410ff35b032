"""A celery worker with a prefork pool, and HTTP in front of it. jobs.py FD WORKERS

The main process uses the client, forks the pool, and then sends each request to it as a task. The
queue is celery's in memory, so that no broker is needed; what a task returns comes back through a
pipe, each response in one write, since celery's own stores of results are either servers or not safe
from torn reads.
"""

import os
import socket
import sys
from concurrent.futures import Future
from threading import Thread

import app
import front
from celery import Celery
from celery.signals import worker_ready, worker_shutdown

celery = Celery("prefork", broker="memory://")
celery.conf.broker_transport_options = {"polling_interval": 0.01}

_receiver, _sender = os.pipe()
_waiting = {}


@celery.task(name="respond", bind=True)
def work(task):
    try:
        body = app.response_text()
    except Exception as error:
        body = f"! {error!r}"
    os.write(_sender, f"{task.request.id} {body}\n".encode())


def respond():
    """Lets a worker respond."""
    number = os.urandom(8).hex()
    future = _waiting[number] = Future()
    work.apply_async(task_id=number)
    return future.result()


def deliver():
    """Hands the workers' results to the callers that wait for them."""
    with os.fdopen(_receiver) as results:
        for line in results:
            number, _, body = line.rstrip("\n").partition(" ")
            future = _waiting.pop(number)
            if body.startswith("! "):
                future.set_exception(RuntimeError(body))
            else:
                future.set_result(body)


@worker_ready.connect
def serve(**_):
    listener = socket.socket(fileno=int(sys.argv[1]))
    for target, arguments in ((deliver, ()), (front.serve_with_threads, (listener, respond))):
        Thread(target=target, args=arguments, daemon=True).start()


@worker_shutdown.connect
def ended(**_):
    app.finish()


if __name__ == "__main__":
    pool = ["--pool", "prefork", "--concurrency", sys.argv[2]]
    quiet = ["--loglevel", "warning", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    celery.worker_main(["worker", *pool, *quiet])
