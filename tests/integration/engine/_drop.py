"""Which tests of the core run: all, unless a round of mutants wants the quick ones alone."""

import os

from tests.core.mutants import WITHOUT_SERVERS

collect_ignore = ["engine"] if os.environ.get(WITHOUT_SERVERS) else []
