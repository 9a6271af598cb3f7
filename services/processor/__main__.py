"""`python -m services.processor`: one worker of the consumer group, until SIGTERM."""

from __future__ import annotations

import gc
import os
import sys

import click
import faust

from services.processor.app import create_app
from services.processor.settings import ProcessorSettings
from services.runtime import logs, traces
from services.runtime.settings import InvalidSetting, with_local_stack


@click.command("processor")
def processor() -> None:
    """Run one worker: fold events into footfall until told to stop.

    Start as many as there are cores; they share the partitions. Settings come from PASSAGE_KAFKA,
    PASSAGE_DATABASE_WRITER and, if need be, PASSAGE_GROUP, PASSAGE_WORKER, PASSAGE_TOPIC_PREFIX.
    """
    try:
        settings = ProcessorSettings.from_environ(with_local_stack(os.environ))
        settings.brokers.arguments()  # its files are there
        sent = traces.start(settings, "processor")
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    logs.configure(sys.stderr, settings.log_level, "processor")
    # A batch is some hundred thousand objects that live together and go together: looking through
    # them for cycles again and again takes as long as all else that is done with them.
    gc.freeze()
    gc.set_threshold(200_000, 10, 10)
    app = create_app(settings, sent)
    worker = faust.Worker(app, loglevel=None, override_logging=False, quiet=True)
    worker.spinner = None  # its control characters would stand between the lines of the log
    with traces.stopping(sent):
        worker.execute_from_commandline()


if __name__ == "__main__":
    processor(prog_name="python -m services.processor")
