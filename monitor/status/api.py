"""The page for programs: JSON of the same views, and an OpenAPI document made of the same models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import monitor
from monitor.overview.row import Row
from monitor.overview.rule import RuleView
from monitor.overview.status import StatusView
from monitor.status import views
from monitor.status.queries import AlertsQuery, MessagesQuery, Query, read_query
from monitor.status.site import Site

REF = "#/components/schemas/{model}"
PLACES = {
    "pack": "The pack.",
    "name": "The rule's name in its pack.",
    "instance": "The instrument of its group.",
}


class ErrorRow(Row):
    """Why there is no answer."""

    error: str
    faults: tuple[str, ...] = ()
    """Each fault of what was asked."""


class AliveView(Row):
    """The process answers."""

    alive: bool = True
    clock: str | None
    """What is said of a clock that was set."""


class ReadyView(Row):
    """Whether what is told can be relied on."""

    ready: bool
    reasons: tuple[str, ...]
    """Why not."""
    clock: str | None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One address of the API."""

    path: str
    summary: str
    answers: type[Row]
    read: Callable[[Site, Request], Row]
    query: type[Query] = Query
    open: bool = False
    """Everybody may ask."""


def _rule_of(request: Request) -> str:
    return f"{request.path_params['pack']}/{request.path_params['name']}"


def _ready(site: Site, _request: Request) -> ReadyView:
    reasons = views.see_readiness(site)
    return ReadyView(ready=not reasons, reasons=tuple(reasons), clock=site.clock or None)


ENDPOINTS = (
    Endpoint(
        path="/healthz",
        summary="Whether the process answers.",
        answers=AliveView,
        read=lambda site, _request: AliveView(clock=site.clock or None),
        open=True,
    ),
    Endpoint(
        path="/readyz",
        summary="Whether data are fresh, all that is held is judged, and messages leave; 503 with the reasons if not.",
        answers=ReadyView,
        read=_ready,
    ),
    Endpoint(
        path="/api/v1/status",
        summary="How everything is: what `metalwatch status --json` says.",
        answers=StatusView,
        read=lambda site, _request: views.see_status(site),
    ),
    Endpoint(
        path="/api/v1/rules",
        summary="Each rule with its value, what it waits for, how far that is, and its state.",
        answers=views.RulesView,
        read=lambda site, _request: views.RulesView(rules=views.see_status(site).rules),
    ),
    Endpoint(
        path="/api/v1/rules/{pack}/{name}",
        summary="One rule in full.",
        answers=RuleView,
        read=lambda site, request: views.see_rule(site, _rule_of(request), None).view,
    ),
    Endpoint(
        path="/api/v1/rules/{pack}/{name}/{instance}",
        summary="One rule in full, as it is asked of one instrument of its group.",
        answers=RuleView,
        read=lambda site, request: (
            views.see_rule(site, _rule_of(request), request.path_params["instance"]).view
        ),
    ),
    Endpoint(
        path="/api/v1/alerts",
        summary="What happened, what was told and what not, and the account of it.",
        answers=views.AlertsView,
        query=AlertsQuery,
        read=lambda site, request: views.see_alerts(site, read_query(AlertsQuery, request.query_params)),
    ),
    Endpoint(
        path="/api/v1/messages",
        summary="What became of messages.",
        answers=views.MessagesView,
        query=MessagesQuery,
        read=lambda site, request: views.see_messages(site, read_query(MessagesQuery, request.query_params)),
    ),
    Endpoint(
        path="/api/v1/attention",
        summary="Silences and acknowledgements.",
        answers=views.AttentionView,
        read=lambda site, _request: views.see_attention(site),
    ),
)


def routes(site: Site) -> list[Route]:
    """Every address of the API."""
    document = openapi(secured=site.token is not None)
    described = Route("/openapi.json", lambda _request: JSONResponse(document))
    return [described, *(Route(one.path, _answering(one, site)) for one in ENDPOINTS)]


def _answering(endpoint: Endpoint, site: Site) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        read_query(endpoint.query, request.query_params)
        found = endpoint.read(site, request)
        code = 503 if isinstance(found, ReadyView) and not found.ready else 200
        return JSONResponse(found.plain, code)

    return answer if "{" in endpoint.path else site.answered(answer)


def failed(error: str, code: int, faults: Sequence[str] = ()) -> Response:
    """Why there is no answer, for programs."""
    return JSONResponse(ErrorRow(error=error, faults=tuple(faults)).plain, code)


# --- what the API says of itself


def openapi(*, secured: bool) -> dict[str, Any]:
    """The OpenAPI document."""
    models: list[type[BaseModel]] = [ErrorRow, *(one.answers for one in ENDPOINTS)]
    _, schemas = models_json_schema(
        [(one, "serialization") for one in dict.fromkeys(models)], ref_template=REF
    )
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Metalwatch",
            "version": monitor.__version__,
            "description": "What Metalwatch watches and what became of it; read only.",
        },
        "paths": {one.path: {"get": _operation(one, secured=secured)} for one in ENDPOINTS},
        "components": {"schemas": schemas["$defs"]},
    }
    if secured:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return document


def _operation(one: Endpoint, *, secured: bool) -> dict[str, Any]:
    errors = {400: "What was asked for is not to be had.", 503: "The database is away."}
    errors |= {404: "There is no such rule in force."} if "{" in one.path else {}
    errors |= {401: "The token is missing or wrong."} if secured and not one.open else {}
    errors |= {421: "Without a token only this machine is answered."} if not secured else {}
    answers = {"200": _answer(one.summary, one.answers)}
    answers |= {str(code): _answer(text, ErrorRow) for code, text in sorted(errors.items())}
    if one.answers is ReadyView:
        answers["503"] = _answer("Not ready, or the database is away.", ReadyView, ErrorRow)
    if one.open:
        del answers["503"]
    return {
        "summary": one.summary,
        "operationId": one.path.strip("/").replace("/", "-").replace("{", "").replace("}", ""),
        "parameters": [*_in_path(one.path), *_in_query(one.query)],
        "responses": answers,
        "security": [{"token": []}] if secured and not one.open else [],
    }


def _answer(text: str, *models: type[Row]) -> dict[str, Any]:
    refs = [{"$ref": REF.format(model=one.__name__)} for one in models]
    schema = refs[0] if len(refs) == 1 else {"anyOf": refs}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _in_path(path: str) -> list[dict[str, Any]]:
    named = [(name, text) for name, text in PLACES.items() if f"{{{name}}}" in path]
    return [
        {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in named
    ]


def _in_query(model: type[Query]) -> list[dict[str, Any]]:
    _, found = models_json_schema([(model, "validation")], ref_template=REF)
    properties = found["$defs"][model.__name__].get("properties", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": schema.pop("description", ""),
            "schema": _without_null(schema),
        }
        for name, schema in properties.items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is not given has no value; in an address there is no null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title", "default")}
    default = {"default": schema["default"]} if schema.get("default") is not None else {}
    return {**rest, **(kinds[0] if kinds else {}), **default}
