"""What OpenAPI 3.1 asks of a document, as far as SmartFlow's uses it."""

import re

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

EXTENSIONS = {"^x-": {}}
TEXT = {"type": "string", "minLength": 1}


def strict(properties, required=()):
    return {"type": "object", "properties": properties, "required": list(required),
            "patternProperties": EXTENSIONS, "additionalProperties": False}


def or_reference(schema):
    return {"if": {"type": "object", "required": ["$ref"]},
            "then": {"properties": {"$ref": {"type": "string", "pattern": "^#/"}}},
            "else": schema}


def map_of(schema):
    return {"type": "object", "additionalProperties": schema}


SCHEMA = {"type": ["object", "boolean"]}  # looked at by Draft202012Validator.check_schema
MEDIA = strict({"schema": SCHEMA, "example": {}}, ["schema"])
CONTENT = {**map_of(MEDIA), "propertyNames": {"pattern": r"^[^/\s]+/[^/\s]+$"}}
HEADER = or_reference(strict({"description": TEXT, "required": {"type": "boolean"},
                              "schema": SCHEMA}, ["schema"]))
PARAMETER = or_reference({
    **strict({"name": TEXT, "in": {"enum": ["query", "header", "path", "cookie"]},
              "description": TEXT, "required": {"type": "boolean"}, "schema": SCHEMA},
             ["name", "in", "schema"]),
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}, "required": ["required"]}})
RESPONSE = or_reference(strict({"description": TEXT, "headers": map_of(HEADER), "content": CONTENT},
                               ["description"]))
RESPONSES = {"type": "object", "minProperties": 1, "additionalProperties": False,
             "patternProperties": {"^[1-5][0-9]{2}$": RESPONSE}}
SECURITY = {"type": "array", "items": map_of({"type": "array", "items": TEXT})}
OPERATION = strict(
    {"operationId": {"type": "string", "pattern": "^[a-z][A-Za-z0-9]*$"}, "summary": TEXT,
     "description": TEXT, "tags": {"type": "array", "items": TEXT, "minItems": 1},
     "security": SECURITY, "parameters": {"type": "array", "items": PARAMETER},
     "requestBody": strict({"required": {"type": "boolean"}, "description": TEXT,
                            "content": CONTENT}, ["content"]),
     "responses": RESPONSES},
    ["operationId", "summary", "tags", "security", "responses"])
PATH_ITEM = strict({name: OPERATION for name in ("get", "post", "put", "patch", "delete")})
SECURITY_SCHEME = {
    "type": "object", "required": ["type"],
    "oneOf": [strict({"type": {"const": "apiKey"}, "in": {"enum": ["query", "header", "cookie"]},
                      "name": TEXT, "description": TEXT}, ["in", "name"]),
              strict({"type": {"const": "http"}, "scheme": TEXT, "description": TEXT}, ["scheme"])]}
NAMED = {"propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"}}
COMPONENTS = strict({"schemas": {**map_of(SCHEMA), **NAMED},
                     "responses": {**map_of(RESPONSE), **NAMED},
                     "parameters": {**map_of(PARAMETER), **NAMED},
                     "headers": {**map_of(HEADER), **NAMED},
                     "securitySchemes": {**map_of(SECURITY_SCHEME), **NAMED}})
ROOT = strict(
    {"openapi": {"type": "string", "pattern": r"^3\.1\.\d+$"},
     "info": strict({"title": TEXT, "summary": TEXT, "description": TEXT, "version": TEXT,
                     "license": strict({"name": TEXT, "identifier": TEXT}, ["name"])},
                    ["title", "version"]),
     "servers": {"type": "array", "items": strict({"url": TEXT, "description": TEXT}, ["url"])},
     "tags": {"type": "array", "items": strict({"name": TEXT, "description": TEXT}, ["name"])},
     "paths": {"type": "object", "patternProperties": {"^/": PATH_ITEM},
               "additionalProperties": False},
     "components": COMPONENTS},
    ["openapi", "info", "paths"])


def nodes(value, where="#"):
    """Every object in the document, with its place."""
    if isinstance(value, dict):
        yield where, value
        for name, member in value.items():
            yield from nodes(member, f"{where}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from nodes(item, f"{where}/{number}")


def is_data(where):
    """Examples are data: what looks like a reference in them is none."""
    return re.search(r"/(example|examples|enum|const|default)(/|$)", where) is not None


def lookup(document, pointer):
    value = document
    for name in pointer[2:].split("/"):
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def reference_problems(document):
    used = set()
    for where, node in nodes(document):
        target = node.get("$ref")
        if isinstance(target, str) and not is_data(where):
            used.add(target)
            yield f"reference in {where}", "" if lookup(document, target) is not None else target
    for kind in ("schemas", "responses", "parameters", "headers"):
        for name in document.get("components", {}).get(kind, {}):
            pointer = f"#/components/{kind}/{name}"
            yield f"{pointer} is used", "" if pointer in used else "by nothing"


def schema_problems(document):
    found = [(f"components {name}", schema)
             for name, schema in document.get("components", {}).get("schemas", {}).items()]
    found += [(where, node["schema"]) for where, node in nodes(document)
              if "schema" in node and not is_data(where) and "/schemas/" not in where]
    for where, schema in found:
        try:
            Draft202012Validator.check_schema(schema)
            yield f"schema of {where}", ""
        except SchemaError as error:
            yield f"schema of {where}", error.message


def operation_problems(document):
    tags = {tag["name"] for tag in document.get("tags", [])}
    schemes = set(document.get("components", {}).get("securitySchemes", {}))
    ids = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            about = f"{method} {path}"
            name = operation.get("operationId")
            yield f"{about} has a name of its own", name if name in ids else ""
            ids.add(name)
            yield f"{about} has known tags", ", ".join(set(operation.get("tags", [])) - tags)
            asked = {scheme for one in operation.get("security", []) for scheme in one}
            yield f"{about} has known security schemes", ", ".join(asked - schemes)
            given = [lookup(document, p["$ref"]) if "$ref" in p else p
                     for p in operation.get("parameters", [])]
            places = [(p["in"], p["name"]) for p in given if p]
            twice = {f"{place} {name}" for place, name in places if places.count((place, name)) > 1}
            yield f"{about} has each parameter once", ", ".join(twice)
            wanted = set(re.findall(r"\{(\w+)\}", path))
            declared = {name for place, name in places if place == "path"}
            yield f"{about} declares its path's parameters", ", ".join(wanted ^ declared)


def problems_of(document):
    """Pairs of what was checked and what is wrong with it; nothing when it is right."""
    faults = list(Draft202012Validator(ROOT).iter_errors(document))
    yield "structure", "; ".join(f"{error.json_path}: {error.message[:200]}" for error in faults)
    if faults:
        return
    yield from reference_problems(document)
    yield from schema_problems(document)
    yield from operation_problems(document)
