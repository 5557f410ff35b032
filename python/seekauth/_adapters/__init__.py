"""Code that the adapters to HTTP clients share. The adapters are `seekauth.httpx` and its like."""
