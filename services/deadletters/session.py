"""What every command starts with: settings, the store, and errors as sentences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from services.deadletters.errors import DeadLettersError
from services.deadletters.settings import StoreSettings
from services.deadletters.store import Store, open_store
from services.runtime.database import DatabaseUnavailable
from services.runtime.settings import InvalidSetting, with_local_stack

S = TypeVar("S", bound=StoreSettings)


@contextmanager
def session(kind: type[S]) -> Iterator[tuple[S, Store, ZoneInfo]]:
    """The settings, the open store, and the zone of the times that people read and write.

    What goes wrong inside ends the command with a sentence: a wrong setting with 2, everything else
    with 1.
    """
    try:
        settings = kind.from_environ(with_local_stack(os.environ))
        with open_store(settings.database_writer) as store:
            yield settings, store, ZoneInfo(settings.time_zone)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except (DeadLettersError, DatabaseUnavailable) as error:
        raise click.ClickException(str(error)) from None
