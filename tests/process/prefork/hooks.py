"""gunicorn's configuration: what its parent process does when all workers have ended."""


def on_exit(_server):
    import app

    app.finish()
