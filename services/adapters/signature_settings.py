"""How a vendor signs its webhooks, as the mapping says it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class SignedTime(BaseModel):
    """The time that a vendor signs with the body, against replay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: Header | None = None
    part: str | None = None
    unit: Literal["s", "ms"] = "s"
    tolerance_s: Annotated[int, Field(ge=1, le=86_400)] = 300

    @model_validator(mode="after")
    def _is_somewhere(self) -> SignedTime:
        if (self.header is None) == (self.part is None):
            raise ValueError("timestamp has exactly one of `header` and `part`")
        return self


class Signature(BaseModel):
    """An HMAC in a header, and what it is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: Header
    algorithm: Literal["sha256", "sha1", "sha384", "sha512"] = "sha256"
    encoding: Literal["hex", "base64", "base64url"] = "hex"
    prefix: str = ""
    part: str | None = None
    """Where the header is a list of `key=value`: the key of the signature."""
    signed: str = "{body}"
    url: str | None = None
    timestamp: SignedTime | None = None

    @model_validator(mode="after")
    def _signs_what_it_names(self) -> Signature:
        named = set(_PLACEHOLDER.findall(self.signed))
        if named - {"body", "timestamp", "url"}:
            raise ValueError("signed may hold {body}, {timestamp} and {url} only")
        if "body" not in named:
            raise ValueError("signed must hold {body}, or any body would pass")
        if ("url" in named) != (self.url is not None):
            raise ValueError("`url` and {url} in `signed` belong together")
        if ("timestamp" in named) != (self.timestamp is not None):
            raise ValueError("`timestamp` and {timestamp} in `signed` belong together")
        if self.timestamp is not None and self.timestamp.part and not self.part:
            raise ValueError("timestamp.part needs `part`: both are in one header")
        return self

    def pieces(self) -> list[str]:
        """`signed` cut up: texts and, at odd places, names of what stands there."""
        return _PLACEHOLDER.split(self.signed)
