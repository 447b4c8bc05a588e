"""Brings in pyftpdlib once and quietly; no other module but the four beside this one knows it."""

import logging
import warnings
from typing import Any

with warnings.catch_warnings():
    # It stands on asyncore and asynchat, from which Python parts after 3.11; later ones bring them as packages.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib import authorizers, exceptions, filesystems, ioloop
    from pyftpdlib.handlers.ftp import data, dispatchers
    from pyftpdlib.handlers.ftps import control
    from pyftpdlib.handlers.ftps import ssl as ftps_ssl

# It comes without types: what is built on it is checked on our side alone.
Control: Any = control.TLS_FTPHandler
Data: Any = data.DTPHandler
Secured: Any = ftps_ssl.SSLConnectionMixin
Passive: Any = dispatchers.PassiveDTP
Files: Any = filesystems.AbstractedFS
Loop: Any = ioloop.IOLoop
WrongLogin: Any = authorizers.AuthenticationFailed
AgainLater: Any = exceptions._RetryError  # noqa: SLF001 - what its own recv raises where nothing came yet

# Its log holds user names and paths as clients send them, and tracebacks; ours says what matters.
logging.getLogger("pyftpdlib").addHandler(logging.NullHandler())
logging.getLogger("pyftpdlib").propagate = False
logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL + 1)
