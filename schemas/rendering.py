"""The JSON Schemas of the contracts, rendered from the models and compared with the committed
ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from schemas.codec import event_classes
from schemas.compatibility import Change, changes
from schemas.dead_letters import DeadLetter
from schemas.footfall import MESSAGES
from schemas.types import Model

COMMITTED = Path(__file__).parent / "json"
_SUFFIX = ".schema.json"


def contracts() -> dict[str, type[Model]]:
    """Every model that goes over the wire, by name and version (`ticket_issued.v1`), sorted."""
    named: dict[str, type[Model]] = {_name("dead_letter", DeadLetter): DeadLetter}
    for model in (*event_classes(), *MESSAGES):
        name = _name(_literal(model, "type"), model)
        if name in named:
            raise ValueError(f"{model.__name__} and {named[name].__name__} are both {name}")
        named[name] = model
    return dict(sorted(named.items()))


def rendered() -> dict[str, str]:
    """The text of each contract's schema: the same models always give the same bytes."""
    return {name: _text(name, model) for name, model in contracts().items()}


def committed(folder: Path = COMMITTED) -> dict[str, str]:
    """The text of each schema in the folder, by the contract's name."""
    return {
        path.name.removesuffix(_SUFFIX): path.read_text(encoding="utf-8")
        for path in sorted(folder.glob(f"*{_SUFFIX}"))
    }


def differences(folder: Path = COMMITTED) -> dict[str, list[Change]]:
    """What rendering would change in the folder, by contract; those without change left out."""
    before, after = committed(folder), rendered()
    found = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            found[name] = changes(
                None if old is None else json.loads(old),
                None if new is None else json.loads(new),
            ) or [Change("", "is written otherwise", "benign", "either")]
    return found


def write(folder: Path = COMMITTED) -> None:
    """Make the folder hold exactly what the models render."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = rendered()
    for name in committed(folder).keys() - texts.keys():
        _file(folder, name).unlink()
    for name, text in texts.items():
        _file(folder, name).write_text(text, encoding="utf-8", newline="\n")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}{_SUFFIX}"


def _text(name: str, model: type[Model]) -> str:
    schema = model.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"passage:{name}",
    }
    # Sorted, so that moving a field in the model changes nothing here.
    return json.dumps(_sorted(schema), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _sorted(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: sorted(inner) if key == "required" and isinstance(inner, list) else _sorted(inner)
            for key, inner in node.items()
        }
    return [_sorted(inner) for inner in node] if isinstance(node, list) else node


def _name(type_: str, model: type[Model]) -> str:
    return f"{type_}.v{_literal(model, 'version')}"


def _literal(model: type[Model], field: str) -> Any:
    (value,) = get_args(model.model_fields[field].annotation)
    return value
