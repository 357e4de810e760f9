"""The infrastructure: three CDKTF stacks and the building blocks they are made of."""

import sys
from pathlib import Path

# The functions' source root: the stacks read the event types and the API document from it.
_LAMBDAS = str(Path(__file__).resolve().parent.parent / "lambdas")
if _LAMBDAS not in sys.path:
    sys.path.append(_LAMBDAS)
