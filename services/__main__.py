"""`passage`: one command that gathers the services; a part is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

import click

# Name of the subcommand: module and attribute, and what the overview says of it.
_PARTS = {
    "demo": (
        "services.demo.__main__:demo",
        "The whole pipeline on this machine, one simulated day.",
    ),
    "down": ("services.demo.__main__:down", "Stop what `demo` started; the data stays."),
    "audit": ("services.audit.__main__:audit", "Recompute every count, print every difference."),
    "rebuild": ("services.audit.__main__:rebuild", "Make counts again from the raw events."),
    "purge": ("services.audit.__main__:purge", "Remove visits past their age; counts stay."),
    "dead-letters": (
        "services.deadletters.__main__:dead_letters",
        "What was refused and why; mend and replay it.",
    ),
    "clean": ("services.demo.__main__:clean", "Stop it and remove the data."),
    "edge": ("services.edge.__main__:edge", "On a kiosk or a reception: emit and deliver events."),
    "waits": ("services.planner.__main__:waits", "How long people waited, by directorate."),
    "history": ("services.planner.__main__:history", "How many came, by hour and directorate."),
    "processor": ("services.processor.__main__:processor", "Run one worker of the pipeline."),
    "provision": ("services.provision.__main__:provision", "Database, topics, registry."),
    "simulate": ("services.simulator.__main__:simulate", "Play simulated days of visitors."),
    "stack": ("services.stack.__main__:stack", "A local Kafka and TimescaleDB without Docker."),
}


class Parts(click.Group):
    """A group that imports a command on first use: a kiosk needs no database driver."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, whether or not their part is installed."""
        return sorted(_PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one part. Raises ClickException when its extra is not installed."""
        if cmd_name not in _PARTS:
            return None
        module, _, attribute = _PARTS[cmd_name][0].partition(":")
        try:
            command: click.Command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            part = module.split(".")[1]
            raise click.ClickException(
                f"`passage {cmd_name}` needs {error.name}: pip install 'passage[{part}]'"
            ) from None
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview, without importing every part."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, part[1]) for name, part in sorted(_PARTS.items())])


@click.group(cls=Parts)
@click.version_option(version("passage"), prog_name="passage")
def main() -> None:
    """Visitor flow of public reception halls: how many came, where, when, and how long they waited.

    \b
    Completion in your shell:
      eval "$(_PASSAGE_COMPLETE=bash_source passage)"
    """


if __name__ == "__main__":
    main(prog_name="passage")
