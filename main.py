"""The CDKTF application: reads the settings and instantiates the stacks."""

import os
import sys

from stacks.bootstrap import BootstrapStack
from stacks.cdk import App
from stacks.packaging import PackagingError
from stacks.pipeline import PipelineStack
from stacks.settings import Settings, SettingsError
from stacks.storage import StorageStack


def order_pipeline(settings: Settings, *, outdir: str | None = None) -> App:
    """Return the application with its stacks, synthesised into `outdir` or where CDKTF says."""
    app = App(outdir=outdir)
    BootstrapStack(app, settings)
    PipelineStack(app, settings, StorageStack(app, settings))
    return app


if __name__ == "__main__":
    try:
        order_pipeline(Settings.from_environment(os.environ)).synth()
    except (SettingsError, PackagingError) as error:
        sys.exit(str(error))
