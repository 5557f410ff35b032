"""A server of multiprocessing's workers. pool.py METHOD FD WORKERS

METHOD is fork, forkserver or spawn: workers that accept on one socket; or executor: one process
that accepts, and a ProcessPoolExecutor that forks.
"""

import multiprocessing
import signal
import socket
import sys
from concurrent.futures import ProcessPoolExecutor
from threading import Thread

import app
import front


def work(listener):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if app.IS_AGEING:
        Thread(target=app.keep_busy, daemon=True).start()
    front.serve(listener, app.response_text)


def processes(method, listener, count):
    """Workers that serve by themselves, until this process is told to end."""
    context = multiprocessing.get_context(method)
    context.set_forkserver_preload(["app"])
    workers = [context.Process(target=work, args=(listener,)) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            worker.join()
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def executor(listener, count):
    """A pool that works for the threads of this process, until it is told to end."""
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        front.serve_with_threads(listener, lambda: pool.submit(app.response_text).result())


def end(*_):
    sys.exit(0)


def main():
    method, fd, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGTERM, end)
    listener = socket.socket(fileno=fd)
    try:
        if method == "executor":
            executor(listener, count)
        else:
            processes(method, listener, count)
    finally:
        app.finish()


if __name__ == "__main__":
    main()
