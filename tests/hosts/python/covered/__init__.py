"""A package whose tests run with --cov=covered.service: pytest-cov imports the package, with all that it imports, and
throws that away. It does at import what many programs do, and has met an error then.
"""

import seekauth

try:
    CLIENT = seekauth.Client(service="seek_api")
except seekauth.InvalidArgumentError:
    CLIENT = None
