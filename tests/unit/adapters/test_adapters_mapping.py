"""A mapping that is wrong says in which line, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.adapters.errors import InvalidMapping
from services.adapters.mapping_file import load_mapping, parse_mapping

GOOD = """\
name: vendor
tables:
  lines:
    12: {site: sp-lhay, source: lhay-borne-1, queue: lhay-sejour, directorate: dmi, service: sejour}
  desks: {no: lhay-g01, 010: lhay-g02}
visit: {id: ticket.id}
place: [{from: ticket.line, table: lines}]
events:
  - type: ticket_issued
    when: {kind: [yes, 010]}
    at: ticket.taken
    number: ticket.number
  - type: called
    at: ticket.called
    desk: {from: ticket.desk, table: desks}
"""

MISTAKES = {
    "a field that is none": (
        ("    at: ticket.called", "    on: ticket.called\n    at: ticket.called"),
        ["vendor.yaml:14: events.1.on is no field here; see docs/adapters.md"],
    ),
    "a missing field": (
        ("    at: ticket.called\n", ""),
        ["vendor.yaml:13: events.1.at is missing"],
    ),
    "a label for a code": (
        ("site: sp-lhay", 'site: "L’Haÿ"'),
        [
            "vendor.yaml:4: tables.lines.12.site is no code: lower case letters, digits and"
            " hyphens, at most 40"
        ],
    ),
    "a table that is not there": (
        ("table: desks", "table: counters"),
        ["vendor.yaml:15: events.1.desk: names the table 'counters', which `tables` has not"],
    ),
    "a table of the other kind": (
        ("table: desks", "table: lines"),
        ["vendor.yaml:15: events.1.desk: needs a table of single codes; 'lines' has others"],
    ),
    "a table of codes for a place": (
        ("table: lines", "table: desks"),
        [
            "vendor.yaml:7: place.0: needs a table of places, as in {site: …,"
            " source: …}; 'desks' has others"
        ],
    ),
    "a channel that is none": (
        ("    number: ticket.number", "    number: ticket.number\n    channel: web"),
        ["vendor.yaml:13: events.0.channel: Input should be 'kiosk'"],
    ),
    "a table of channels that are none": (
        (
            "    number: ticket.number",
            "    number: ticket.number\n    channel: {from: x, table: desks}",
        ),
        ["vendor.yaml:13: events.0.channel: needs a table of channels: kiosk, reception"],
    ),
    "a path that is none": (
        ("at: ticket.called", "at: ticket..called"),
        ["vendor.yaml:14: events.1.at.from.0: 'ticket..called' is no path; expected such as"],
    ),
    "a key that comes twice": (
        ("  desks:", "  lines: {}\n  desks:"),
        ["vendor.yaml:5: lines is given twice; keep one of them"],
    ),
    "a ticket without number": (
        ("    number: ticket.number\n", ""),
        ["vendor.yaml:9: events.0: ticket_issued needs `number`"],
    ),
    "a sign of life without its time": (
        ("type: called", "type: heartbeat"),
        ["vendor.yaml:13: events.1: a heartbeat needs `covers_s`"],
    ),
    "no visit": (("visit: {id: ticket.id}\n", ""), ["visit is missing: say by which number"]),
    "a zone that is none": (
        ("name: vendor", "name: vendor\ntime: {zone: Paris}"),
        ["vendor.yaml:2: time.zone: 'Paris' is not a time zone; expected one such as"],
    ),
    "a format that is none": (
        ("name: vendor", "name: vendor\ntime: {format: DD/MM/YYYY}"),
        ["vendor.yaml:2: time.format: 'DD/MM/YYYY' is no date format; expected such as"],
    ),
    "an alias of itself": (("name: vendor", "name: vendor\nx: &x [*x]"), ["vendor.yaml:2: an al"]),
    "no YAML": (("visit: {id", "visit: {id: {"), ["vendor.yaml:6: no YAML"]),
    "a password in the address": (
        ("name: vendor", "name: vendor\ncsv: {location: 'sftp://u:hunter2@h/x'}"),
        ["vendor.yaml:2: csv.location: location holds a password; use `key_file`"],
    ),
    "SFTP without known hosts": (
        ("name: vendor", "name: vendor\ncsv: {location: 'sftp://u@h/x', key_file: k}"),
        ["vendor.yaml:2: csv: an sftp:// location needs `key_file` and `known_hosts`"],
    ),
    "FTP": (
        ("name: vendor", "name: vendor\ncsv: {location: 'ftp://u@h/x'}"),
        ["csv.location: location is no sftp://user@host/folder"],
    ),
}


def test_what_stands_there_is_what_it_seems() -> None:
    mapping = parse_mapping(GOOD)
    assert mapping.tables["desks"] == {"no": "lhay-g01", "010": "lhay-g02"}
    (condition,) = mapping.events[0].when.values()
    assert condition.one_of == ("yes", "010")


def test_a_few_lines_of_aliases_do_not_fill_the_memory() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
    )
    with pytest.raises(InvalidMapping, match="more than 100000 values"):
        parse_mapping(bomb)


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_remedy(case: str) -> None:
    (old, new), sentences = MISTAKES[case]
    assert old in GOOD
    with pytest.raises(InvalidMapping) as refused:
        parse_mapping(GOOD.replace(old, new, 1), "vendor.yaml")
    for sentence in sentences:
        assert sentence in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_all_mistakes_are_told_at_once() -> None:
    wrong = GOOD.replace("site: sp-lhay", "site: LHAY").replace("    at: ticket.called\n", "")
    with pytest.raises(InvalidMapping) as refused:
        parse_mapping(wrong, "vendor.yaml")
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [
        "vendor.yaml:4",
        "vendor.yaml:13",
    ]


@pytest.mark.parametrize(
    "path", ["ticket.firstName", "/Nom de l'usager", "ticket.extra.email", "ticket.phoneNumber"]
)
@pytest.mark.parametrize("place", ["at: ticket.called", "kind:", "{id: ticket.id}"])
def test_a_field_that_speaks_of_a_person_is_not_read(path: str, place: str) -> None:
    new = {
        "at: ticket.called": f'at: "{path}"',
        "kind:": f'"{path}":',
        "{id: ticket.id}": f'{{id: "{path}"}}',
    }[place]
    with pytest.raises(InvalidMapping, match="speaks of a person"):
        parse_mapping(GOOD.replace(place, new, 1))


def test_a_field_that_leads_to_nobody_may_be_listed() -> None:
    parse_mapping(GOOD.replace("ticket.id", "citizen_id") + "not_personal: [citizen_id]\n")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe\x00", "is not UTF-8. Remedy"),
        (b"- a list\n", "no mapping; see docs/adapters.md"),
        (b"", "no mapping; see docs/adapters.md"),
        (b" " * (1024 * 1024 + 1), "it is no mapping"),
    ],
)
def test_a_file_that_is_no_mapping_is_told(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "vendor.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidMapping, match=sentence):
        load_mapping(file)
