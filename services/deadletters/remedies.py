"""What to do about each reason, for the technician on duty."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.reasons import EXPLANATIONS, Reason


@dataclass(frozen=True, slots=True)
class Remedy:
    """What mends the cause."""

    advice: str
    replay_helps: bool = True
    """False when the same message would be refused again whatever is mended."""


def _registry(reason: Reason, entry: str) -> Remedy:
    return Remedy(
        f"If the {entry} is real, add it to deploy/registry.yaml, or widen its valid_from and "
        "valid_to there; run `passage provision registry deploy/registry.yaml`; then "
        f"`passage dead-letters replay --reason {reason}`. If it is not, correct the code on the "
        "device; what it sent stays a dead letter."
    )


REMEDIES: dict[Reason, Remedy] = {
    Reason.EMPTY_BODY: Remedy(
        "Find what writes to the topic without a body; an outbox of ours never does. Nothing can "
        "be replayed: nothing was said.",
        replay_helps=False,
    ),
    Reason.TOO_LARGE: Remedy(
        "Find what writes to the topic; no event of the contract comes near the limit.",
        replay_helps=False,
    ),
    Reason.NOT_JSON: Remedy(
        "Find what writes to the topic, and have it send events as the contract says.",
        replay_helps=False,
    ),
    Reason.UNKNOWN_TYPE: Remedy(
        "If the devices were upgraded before the processor, upgrade the processor; then "
        f"`passage dead-letters replay --reason {Reason.UNKNOWN_TYPE}`."
    ),
    Reason.UNKNOWN_VERSION: Remedy(
        "Upgrade the processor to a release that reads this version; then `passage dead-letters "
        f"replay --reason {Reason.UNKNOWN_VERSION} --from-topic`."
    ),
    Reason.IDENTITY_FIELD: Remedy(
        "Stop the device from sending the field, today: the original stays in the topic until its "
        "retention ends. Tell the data protection officer. It is never replayed.",
        replay_helps=False,
    ),
    Reason.INVALID_FIELD: Remedy(
        "Correct the device's program; what it sent stays refused. Only when a newer processor "
        f"takes the value: `passage dead-letters replay --reason {Reason.INVALID_FIELD} "
        "--from-topic`."
    ),
    Reason.WRONG_TOPIC: Remedy(
        "Correct the sender's topic; then `passage dead-letters replay --reason "
        f"{Reason.WRONG_TOPIC}`, which sends each event to the topic where it belongs."
    ),
    Reason.UNKNOWN_SITE: _registry(Reason.UNKNOWN_SITE, "site"),
    Reason.UNKNOWN_DIRECTORATE: _registry(Reason.UNKNOWN_DIRECTORATE, "directorate"),
    Reason.UNKNOWN_SERVICE: _registry(Reason.UNKNOWN_SERVICE, "service"),
    Reason.UNKNOWN_QUEUE: _registry(Reason.UNKNOWN_QUEUE, "queue"),
    Reason.UNKNOWN_DESK: _registry(Reason.UNKNOWN_DESK, "desk"),
    Reason.UNKNOWN_DEVICE: _registry(Reason.UNKNOWN_DEVICE, "device"),
    Reason.MISMATCH: Remedy(
        "The detail says which two codes. If the registry is wrong, correct deploy/registry.yaml; "
        "run `passage provision registry deploy/registry.yaml`; then `passage dead-letters replay "
        f"--reason {Reason.MISMATCH}`. If the device is wrong, correct its configuration."
    ),
    Reason.TOO_OLD: Remedy(
        "Find why the device delivered so late: its outbox, its line, its clock. It cannot be "
        "counted any more; say so where the figures of those days are published.",
        replay_helps=False,
    ),
    Reason.CONFLICT: Remedy(
        "Two devices share an identity, or a disk was copied: see source and boot_id in `passage "
        "dead-letters show ID`, and provision one of them anew. The first event was counted.",
        replay_helps=False,
    ),
    Reason.UNPROCESSABLE: Remedy(
        "A defect of ours: report it with the detail and the processor's log. Once mended and "
        f"rolled out: `passage dead-letters replay --reason {Reason.UNPROCESSABLE}`."
    ),
}

_NEWER = Remedy("Stored by a newer processor: upgrade this program to read what it means.")


def remedy_of(reason: str) -> Remedy:
    """The remedy of a stored reason, also of one that this program does not know."""
    known = _known(reason)
    return REMEDIES[known] if known else _NEWER


def explanation_of(reason: str) -> str:
    """The sentence of `schemas.reasons` for a stored reason."""
    known = _known(reason)
    return EXPLANATIONS[known] if known else "This program does not know this reason."


def _known(reason: str) -> Reason | None:
    try:
        return Reason(reason)
    except ValueError:
        return None
