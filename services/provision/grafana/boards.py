"""The folder, who may see it, and the boards in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.provision.grafana.change import Change, Json

FOLDER_UID = "passage"
FOLDER_TITLE = "Passage"
TAG = "passage"

# What Grafana counts by itself.
_ITS_OWN = ("id", "version")
_VIEW = 1


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """A board as Grafana has it."""

    dashboard: Json
    folder_uid: str
    from_file: bool = False
    message: str = ""
    """What was said of its latest version."""


def plan_folder(present: Json | None) -> list[Change]:
    """The folder by its uid; its title is people's to change."""
    if present is not None:
        return []
    return [Change("folder", FOLDER_TITLE, None, {"uid": FOLDER_UID, "title": FOLDER_TITLE})]


def plan_permissions(present: Sequence[Json] | None) -> list[Change]:
    """Viewers may view, unless somebody has said who may: then that holds.

    Takes the folder's permissions, None while it is not there: a new folder can be viewed.
    """
    if present is None or any(_lets_view(item) for item in present):
        return []
    own = [_item(item) for item in present if not item.get("inherited")]
    after = [*own, {"role": "Viewer", "permission": _VIEW}]
    return [
        Change("permissions", FOLDER_TITLE, {"items": own}, {"items": after}, "viewers may view")
    ]


def _lets_view(item: Json) -> bool:
    """Whether it opens the folder to anybody but the one who made it and the administrators."""
    if item.get("role") == "Viewer" or item.get("teamId"):
        return int(item.get("permission", 0)) >= _VIEW
    return bool(item.get("userId")) and int(item.get("permission", 0)) in (1, 2)


def _item(item: Json) -> Json:
    who = next((key for key in ("userId", "teamId") if item.get(key)), "role")
    return {who: item[who], "permission": item["permission"]}


def plan_boards(wanted: Sequence[Json], found: Mapping[str, FoundBoard]) -> list[Change]:
    """Boards to create, change, move back and remove.

    `found` holds the boards with the wanted uids wherever they are, and those with our tag in our
    folder: of these, the ones that are wanted no more are removed.
    """
    changes = []
    for board in wanted:
        there = found.get(board["uid"])
        if there is None:
            changes.append(Change("board", _name(board), None, board))
        elif there.from_file:
            continue
        elif there.folder_uid != FOLDER_UID:
            changes.append(
                Change(
                    "board", _name(board), _own(there.dashboard), board, "moved back to the folder"
                )
            )
        elif _own(there.dashboard) != _own(board) and signature(board) not in there.message:
            changes.append(Change("board", _name(board), _own(there.dashboard), board))
    uids = {board["uid"] for board in wanted}
    for uid, there in found.items():
        tags = there.dashboard.get("tags") or []
        if (
            uid not in uids
            and there.folder_uid == FOLDER_UID
            and TAG in tags
            and not there.from_file
        ):
            changes.append(Change("board", _name(there.dashboard), _own(there.dashboard), None))
    return changes


def from_files(wanted: Sequence[Json], found: Mapping[str, FoundBoard]) -> list[str]:
    """Names of boards that Grafana reads from files and lets nobody else write."""
    return [
        _name(board)
        for board in wanted
        if (there := found.get(board["uid"])) is not None and there.from_file
    ]


def signature(board: Json) -> str:
    """A mark of a board's content, said of the version that is written.

    Newer versions of Grafana bring what they read up to date: then the JSON differs from what was
    sent, but as long as the latest version is ours there is nothing to write.
    """
    text = json.dumps(_own(board), sort_keys=True, ensure_ascii=False)
    return f"passage {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _own(board: Mapping[str, Any]) -> Json:
    return {key: value for key, value in board.items() if key not in _ITS_OWN}


def _name(board: Mapping[str, Any]) -> str:
    return f"{board.get('title', '')} ({board.get('uid', '')})"
