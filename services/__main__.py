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
    "dashboards": (
        "services.provision.grafana.command:dashboards",
        "Boards and alerts in a running Grafana.",
    ),
    "clean": ("services.demo.__main__:clean", "Stop it and remove the data."),
    "doctor": ("services.doctor.__main__:doctor", "What is wrong here, and what to do about it."),
    "gateway": ("services.gateway.__main__:gateway", "Take events in over HTTP; who may send."),
    "adapters": (
        "services.adapters.__main__:adapters",
        "Vendors' webhooks and exports, made into events by a mapping.",
    ),
    "edge": ("services.edge.__main__:edge", "On a kiosk or a reception: emit and deliver events."),
    "live": ("services.live.__main__:live", "The live picture of each site, over HTTP."),
    "web": ("services.planner.web.command:web", "The planner's page and API."),
    "api-key": ("services.planner.web.command:api_key", "Who may ask the planner's API."),
    "waits": ("services.planner.__main__:waits", "How long people waited, by directorate."),
    "history": ("services.planner.__main__:history", "How many came, by hour and directorate."),
    "forecast": (
        "services.planner.forecast.command:forecast",
        "How many will come in the next weeks.",
    ),
    "typical-week": (
        "services.planner.typical.command:typical_week",
        "What is usual, by weekday and time of day.",
    ),
    "import": ("services.importer.command:import_", "Bring in what an older system counted."),
    "processor": ("services.processor.__main__:processor", "Run one worker of the pipeline."),
    "provision": ("services.provision.__main__:provision", "Database, topics, registry."),
    "report": ("services.planner.report.command:report", "The report that the committee reads."),
    "simulate": ("services.simulator.__main__:simulate", "Play simulated days of visitors."),
    "staffing": (
        "services.planner.staffing.command:staffing",
        "How many desks each half hour needs, and what if.",
    ),
    "stack": ("services.stack.__main__:stack", "A local Kafka and TimescaleDB without Docker."),
}


# Subcommands whose extra is not called like their part.
_EXTRAS = {
    "api-key": "web",
    "dashboards": "dashboards",
    "forecast": "forecast",
    "report": "report",
    "web": "web",
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
            part = _EXTRAS.get(cmd_name, module.split(".")[1])
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
