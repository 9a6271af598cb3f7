"""`python -m services.deadletters`, which is also `passage dead-letters`."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from datetime import UTC, datetime

import click

from services.deadletters import screen
from services.deadletters.broker import open_originals, open_sender
from services.deadletters.letters import LetterId, Selection
from services.deadletters.parameters import Identity, selection_options, since_when
from services.deadletters.progress import progress
from services.deadletters.replay import Outcome, Replay
from services.deadletters.session import session
from services.deadletters.settings import ReplaySettings, StoreSettings
from services.deadletters.store import Store


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Look at what was refused, and send it again once its cause is mended.

    A dead letter is in no count. Its identity is topic/partition/offset: where the refused message
    stands in Kafka. Nothing that may name a person is kept of it, so nothing of that kind is shown.

    \b
    A day's work:
      passage dead-letters reasons
      passage dead-letters list --reason unknown_directorate
      passage dead-letters show visit-events/3/17
      (mend the cause: `reasons` says how)
      passage dead-letters replay --reason unknown_directorate

    \b
    Settings, from the environment (else from the local stack, when it was started):
      PASSAGE_DATABASE_WRITER  the processor's role: `replay` notes what it sent, and the reader's
                               role sees dead letters without their body
      PASSAGE_KAFKA            host:port[,host:port]; for `replay` only
      PASSAGE_TOPIC_PREFIX     what the names of topics begin with (nothing); for `replay` only
      PASSAGE_TIME_ZONE        of the times shown and given (Europe/Paris)

    \b
    Ends with
      0  when all was done;
      1  when something could not be done or sent: the message says what, and the remedy;
      2  when the command or a setting is wrong.
    """


@dead_letters.command()
def reasons() -> None:
    """What was refused, for which reason, and what to do about it.

    \b
    to replay   kept whole, not replayed yet: `replay` sends them
    from topic  not kept whole, not replayed yet: `replay --from-topic` sends the originals
    never       sending them again cannot help
    replayed    sent again, and acknowledged by the broker

    \b
    Example:
      passage dead-letters reasons
    """
    with session(StoreSettings) as (_, store, zone):
        counts = store.by_reason()
    if not counts:
        click.echo("There are no dead letters.", err=True)
        return
    screen.print_table(screen.reasons_table(counts, zone), sys.stdout)
    for line in screen.advice(counts):
        click.echo(line)


@dead_letters.command(name="list")
@selection_options
@click.option(
    "--pending/--all", default=True, show_default=True, help="Without or with those replayed."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="At most so many, the newest; 0 for all.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
)
def list_(
    reasons: tuple[str, ...],
    site: str | None,
    since: str | None,
    pending: bool,
    limit: int,
    format_: str,
) -> None:
    """Dead letters, newest first, without their bodies.

    \b
    Examples:
      passage dead-letters list --since 2h
      passage dead-letters list --reason unknown_desk --reason unknown_queue --site sp-lhay
      passage dead-letters list --all --limit 0 --format csv > dead-letters.csv
    """
    with session(StoreSettings) as (_, store, zone):
        wanted = Selection(
            reasons=reasons,
            site=site,
            since=since_when(since, datetime.now(UTC), zone),
            pending=pending,
        )
        letters = store.newest(wanted, limit + 1 if limit else None)
    more = bool(limit) and len(letters) > limit
    letters = letters[:limit] if limit else letters
    if format_ == "json":
        screen.write_json(letters, sys.stdout)
    elif format_ == "csv":
        screen.write_csv(letters, sys.stdout)
    elif letters:
        screen.print_table(screen.letters_table(letters, zone), sys.stdout)
    else:
        click.echo("No dead letter fits.", err=True)
    if more:
        click.echo(f"There are more than these {limit}; --limit 0 shows all.", err=True)


@dead_letters.command()
@click.argument("id_", type=Identity(), metavar="ID")
def show(id_: LetterId) -> None:
    """Everything that is kept of one dead letter, and what to do about it.

    \b
    Example:
      passage dead-letters show visit-events/3/17
    """
    with session(StoreSettings) as (_, store, zone):
        letter = store.one(id_)
        same_event = store.same_event(letter)
    for line in screen.one_letter(letter, same_event, zone):
        click.echo(line)


@dead_letters.command()
@click.argument("ids", nargs=-1, type=Identity(), metavar="[ID]...")
@selection_options
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--again", is_flag=True, help="Also those that were replayed before; harmless.")
@click.option(
    "--from-topic",
    is_flag=True,
    help="Send the original's bytes, while the topic has them, where the kept body is not whole.",
)
def replay(
    ids: tuple[LetterId, ...],
    reasons: tuple[str, ...],
    site: str | None,
    since: str | None,
    dry_run: bool,
    again: bool,
    from_topic: bool,
) -> None:
    """Send dead letters again, after their cause was mended.

    Name them by ID, or select them. Each goes to the topic where it belongs, with its own key, and
    is noted as replayed once every replica of the broker has it. What fails again becomes a new
    dead letter. An event counts once, however often it is replayed.

    \b
    Examples:
      passage dead-letters replay visit-events/3/17
      passage dead-letters replay --reason unknown_directorate --since 2d --dry-run
      passage dead-letters replay --reason unknown_version --from-topic
    """
    with session(ReplaySettings) as (settings, store, zone):
        wanted = Selection(
            ids=list(dict.fromkeys(ids)),
            reasons=reasons,
            site=site,
            since=since_when(since, datetime.now(UTC), zone),
            # Those named one by one are looked at, to say that they were replayed before.
            pending=not again and not ids,
        )
        _check(wanted, store, from_topic=from_topic)
        outcome = _replay(settings, store, wanted, dry_run=dry_run, again=again, topic=from_topic)
    for line in screen.outcome_lines(outcome, dry_run=dry_run):
        click.echo(line)
    if outcome.replayed and not dry_run:
        click.echo(
            "What fails again is a new dead letter: see `passage dead-letters list` shortly."
        )
    if outcome.refused:
        sys.exit(1)


def _check(wanted: Selection, store: Store, *, from_topic: bool) -> None:
    if wanted.is_everything:
        raise click.UsageError("say which: an ID, --reason, --site or --since")
    if wanted.ids and (wanted.reasons or wanted.site or wanted.since):
        raise click.UsageError("give IDs, or select by --reason, --site and --since, not both")
    if from_topic and not (wanted.ids or wanted.reasons):
        # An original may hold what was withheld on purpose: nobody sends that again by the day.
        raise click.UsageError("with --from-topic, say what was mended: an ID or a --reason")
    if wanted.ids and store.number(wanted) < len(wanted.ids):
        for letter_id in wanted.ids:
            store.one(letter_id)


def _replay(
    settings: ReplaySettings,
    store: Store,
    wanted: Selection,
    *,
    dry_run: bool,
    again: bool,
    topic: bool,
) -> Outcome:
    total = store.number(wanted)
    if not total:
        return Outcome()
    # Each attempt of the client would be a line; what failed in the end is said once.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        originals = stack.enter_context(open_originals(settings.brokers)) if topic else None
        task = Replay(
            store=store,
            prefix=settings.topic_prefix,
            sender=None if dry_run else stack.enter_context(open_sender(settings.brokers)),
            read_original=originals.read if originals is not None else None,
            again=again,
        )
        report = stack.enter_context(progress(total, sys.stderr))
        return task.run(wanted, report)


if __name__ == "__main__":
    dead_letters(prog_name="python -m services.deadletters")
