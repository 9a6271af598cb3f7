"""`POST /v1/hooks/{name}`: what a vendor's system tells, by the mapping of that name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from schemas.codec import encode
from services.adapters.errors import InvalidMapping, InvalidSecret
from services.adapters.mapping import Mapping
from services.adapters.mapping_file import load_mapping
from services.adapters.refusals import Refusal
from services.adapters.secret_file import load_secrets
from services.adapters.signature import NotVerified, verify
from services.adapters.translation import read_payload, translate
from services.gateway.access import Access
from services.gateway.bodies import read_body
from services.gateway.openapi import HOOKS_OPERATION
from services.gateway.reception import Reception, answer
from services.gateway.results import Outcome, Result
from services.gateway.settings import GatewaySettings

log = logging.getLogger("passage.gateway")


@dataclass(frozen=True, slots=True)
class Hook:
    """A vendor's system, and where the secrets are with which it signs."""

    mapping: Mapping
    secret_file: Path


def read_hooks(folder: Path | None) -> dict[str, Hook]:
    """The hooks by name: each mapping `*.yaml` in the folder with a `<name>.secret` beside it.

    Raises InvalidMapping and InvalidSecret.
    """
    hooks: dict[str, Hook] = {}
    for file in sorted(folder.glob("*.yaml")) if folder else ():
        mapping = load_mapping(file)
        if mapping.name in hooks:
            raise InvalidMapping(f"{file}: another mapping is named {mapping.name} already")
        if mapping.signature is None:
            raise InvalidMapping(
                f"{file}: a hook needs `signature`; for exports use another folder"
            )
        secret_file = file.with_name(f"{mapping.name}.secret")
        load_secrets(secret_file)
        hooks[mapping.name] = Hook(mapping, secret_file)
    return hooks


def routes(
    settings: GatewaySettings, reception: Reception, access: Access, hooks: dict[str, Hook]
) -> APIRouter:
    """The route of the hooks."""
    router = APIRouter(prefix="/v1")
    most_bytes = settings.gateway_max_body_kb * 1024

    @router.post("/hooks/{name}", status_code=202, openapi_extra=HOOKS_OPERATION)
    async def post_hook(name: str, request: Request) -> JSONResponse:
        """Send what a vendor's system tells, signed as its mapping says."""
        hook = hooks.get(name)
        if hook is None:
            raise HTTPException(404, "there is no such hook")
        request.state.token = f"hook {name}"
        headers = dict(request.headers.items())
        with reception.slots.one():
            body = await read_body(request, most_bytes=most_bytes, within_s=settings.gateway_body_s)
            _require_signature(hook, headers, body)
            # After the signature: nobody else can use up what the vendor may send.
            access.require_rate(f"hook {name}")
            found = await reception.take_apart(lambda: _translated(hook, body))
            results = await reception.take(found, None)
        request.state.results = results
        return answer(results)

    return router


def _require_signature(hook: Hook, headers: dict[str, str], body: bytes) -> None:
    try:
        # Read each time, so that a secret is replaced without a restart.
        secrets = load_secrets(hook.secret_file)
    except InvalidSecret as error:
        log.error("a hook's secret cannot be read", extra={"detail": str(error)})
        raise HTTPException(
            503, "this hook is not set up; see the server's log", headers={"Retry-After": "30"}
        ) from None
    verified = verify(hook.mapping, headers, body, secrets, now=datetime.now(UTC))
    if isinstance(verified, NotVerified):
        raise HTTPException(401, verified.reason)


def _translated(hook: Hook, body: bytes) -> Sequence[bytes | Result]:
    payload = read_payload(body)
    if isinstance(payload, Refusal):
        raise HTTPException(400, payload.sentence)
    return [
        _refused(hook, one) if isinstance(one, Refusal) else encode(one)
        for one in translate(hook.mapping, payload)
    ]


def _refused(hook: Hook, refusal: Refusal) -> Result:
    # The vendor will hardly look; whoever keeps the mapping has to.
    log.warning(
        "refused by a mapping",
        extra={"hook": hook.mapping.name, "reason": refusal.reason.value, "field": refusal.field},
    )
    return Result(
        Outcome.REFUSED, reason=refusal.reason, field=refusal.field, detail=refusal.sentence
    )
