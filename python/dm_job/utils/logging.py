"""``from utils.logging import logger``: what it is told goes to the log of the run."""

import logging

from config import config
from rowmill import host

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"))


class _ToHost(logging.Handler):
    def emit(self, record):
        try:
            level = next((name for least, name in _LEVELS if record.levelno >= least), "debug")
            host.current.tell({"type": "log", "level": level, "message": self.format(record)})
        except Exception:
            self.handleError(record)


logger = logging.getLogger("API")
# Libraries that log get there too.
if not logging.getLogger().handlers:
    logging.getLogger().addHandler(_ToHost())
try:
    logging.getLogger().setLevel(config.LOGGER_LEVEL.upper())
except ValueError:
    logging.getLogger().setLevel(logging.INFO)
