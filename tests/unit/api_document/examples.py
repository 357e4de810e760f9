"""The examples of docs/api.md as a reader runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs/api.md"
LANGUAGES = ("sh", "python")

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2Vj/+EXAMPLE==",
}


def run_example(language: str, api: str) -> subprocess.CompletedProcess[str]:
    """Run the page's example in a language against the API at an address that ends with a slash."""
    [example] = re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    command = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}[language]
    return subprocess.run(
        [*command, example],
        env={"PATH": os.environ["PATH"], "API": api, **CREDENTIALS},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
