"""A store analyzed in pieces: the analysis that reading all of it at once would give, in bounded memory."""

from __future__ import annotations

import numpy as np

KEY = "work.json"
_NONE = np.empty(0, np.int64)
