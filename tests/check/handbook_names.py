"""The names that pages have in tables and the names that the code, the schemas and the reference have: no more and no fewer."""

import json
import re

import markdown
import yaml

CONFIG, REFERENCE, SCHEMA = "config/README.md", "config/reference.yaml", "config/sluice.schema.json"
MAPS = {"apis", "clients", "audit.webhooks.headers", "tracing.headers"}  # their keys are the user's
SECRET = {"env", "file", "sealed", "vault"}
KEY = re.compile(r"(?!.*\.(?:cc|db|h|json|sh|yaml)$)[a-z_0-9]+(\.(NAME|[a-z_0-9]+))*")  # but for names of files


# --- the configuration

def schema_keys(schema):
    """Dotted names of every key: apis.NAME.queue.max_wait. The places of a secret are no keys."""
    found, definitions = set(), schema["definitions"]

    def walk(node, name):
        if "$ref" in node:
            target = node["$ref"].rsplit("/", 1)[1]
            return None if target in ("secret", "secrets") else walk(definitions[target], name)
        for kind in ("anyOf", "allOf", "oneOf"):
            for part in node.get(kind, ()):
                walk(part, name)
        properties = node.get("properties", {})
        for key, value in () if name and set(properties) and set(properties) <= SECRET else properties.items():
            found.add(f"{name}.{key}" if name else key)
            walk(value, f"{name}.{key}" if name else key)
        if isinstance(node.get("additionalProperties"), dict):
            walk(node["additionalProperties"], f"{name}.NAME")
        if "items" in node:
            walk(node["items"], name)
        return None

    walk(schema, "")
    return found


def reference_keys(text):
    """{dotted name: its default as written, or None} of the reference, commented keys included."""
    text = re.sub(r"^(\s*)# (?=\s*[a-z_0-9]+:)", r"\1", text, flags=re.MULTILINE)
    lines, found = text.splitlines(), {}

    def comment(node):
        return re.split(r"\s#\s", lines[node.start_mark.line] + " ", maxsplit=1)[1:] or [""]

    def walk(node, name, above):
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item, name, above)
        if not isinstance(node, yaml.MappingNode) or (name and {key.value for key, _ in node.value} <= SECRET and "jwks" not in name):
            return
        for key, value in node.value:
            if name in MAPS:
                walk(value, f"{name}.NAME", "")
                continue
            full, said = (f"{name}.{key.value}" if name else key.value), comment(key)[0]
            shown = text[value.start_mark.index:value.end_mark.index].strip()
            plain = isinstance(value, yaml.ScalarNode) or shown == "{}" or (isinstance(value, yaml.SequenceNode) and value.flow_style)
            given = plain and shown and "one of:" not in above and not re.search(r"^(?:required|no default|default|this or )|; default:", said)
            found.setdefault(full, shown if given else None)
            walk(value, full, said)

    walk(yaml.compose(text), "", "")
    return found


def configuration(page, keys, defaults, name=CONFIG):
    """`keys` stand in headings or first cells; a row's second cell has the defaults of its keys, in their order."""
    shown = {}
    for number, _, text in page.headings():
        shown.update({key: number for key in markdown.spans(text) if KEY.fullmatch(key)})
    tops = {key.split(".")[0] for key in keys}
    for number, cells in page.rows(heads=True):
        names = [text for text in markdown.spans(cells[0]) if KEY.fullmatch(text) and text.split(".")[0] in tops]
        shown.update({text: number for text in names})
        wanted = [defaults[text] for text in names if defaults.get(text)]
        given = markdown.spans(cells[1]) if len(cells) > 1 else []
        if names and given != wanted:
            yield f"{name}:{number}: error: the defaults of {', '.join(names)} are {', '.join(wanted) or 'none'}, not {', '.join(given) or 'none'}"
    for key in sorted(keys - shown.keys()):
        yield f"{name}:1: error: `{key}` is missing: give it a row in the table of its block"
    for key in sorted(shown.keys() - keys):
        yield f"{name}:{shown[key]}: error: `{key}` is no key of the configuration"


# --- tables of names

def table(page, name, section, expected, prefix="", beside=None):
    """Below the heading `section`, the first cells of tables are the `expected` names; `beside[name]` stands in the name's row."""
    rows = page.rows(section)
    if rows is None:
        yield f"{name}:1: error: the heading \"## {section}\" with its table is missing"
        return
    shown = {}
    for number, cells in rows:
        for text in markdown.spans(cells[0]):
            text = text.removeprefix(prefix).split(":")[0]
            shown[text] = number
            if beside and text in beside and not any(re.search(rf"\b{beside[text]}\b", cell) for cell in cells[1:]):
                yield f"{name}:{number}: error: the row of `{text}` lacks {beside[text]}"
    for text in sorted(expected - shown.keys()):
        yield f"{name}:1: error: `{text}` is missing in the table below \"## {section}\""
    for text in sorted(shown.keys() - expected):
        yield f"{name}:{shown[text]}: error: `{text}` is nothing that the code knows"


def problem_types(source):
    """{type: status} of proxy/http/local_reply.cc."""
    return {kind: status for status, kind in re.findall(r"\{(\d{3}), \"([a-z-]+)\", \"", source)}


def event_types(source):
    """Of proxy/audit/event.cc."""
    return set(re.findall(r"\"io\.sluice\.([a-z]+\.[a-z]+)\"", source))


# Details whose names are no literals, and what they are.
COMPUTED = {("proxy/gate/policy_change.cc", "to_text(direction)"): {"widened", "narrowed", "unknown"}}
GIVEN = {"setup_.before.details"}


def written(source):
    """The fields that proxy/audit/event.cc writes into every event, or into some."""
    body = source[source.index("void write_fields("):source.index("std::string to_bytes(")]
    return set(re.findall(r"R\"\([{},]*\"([a-z0-9_]+)\":", body))


def details(name, source):
    """(fields, what cannot be read) of the details that a file adds to events."""
    fields, unread = set(), []
    for first in re.findall(r"details\.(?:emplace_back|push_back|emplace|insert)\(\s*([^,]+?)\s*,", source):
        found = re.fullmatch(r"\"([a-z0-9_]+)\"", first)
        if not found and (name, first) not in COMPUTED:
            unread.append(first)
        fields |= {found.group(1)} if found else COMPUTED.get((name, first), set())
    for given in re.findall(r"details\s*=\s*([^;]+);", source):
        if given.startswith("{"):
            fields |= set(re.findall(r"\{\s*\"([a-z0-9_]+)\"\s*,", given))
        elif given not in GIVEN:
            unread.append(given)
    for given in re.findall(r"(?:SpoolBefore before|return )\{\"[^;]*?\",\s*(\{\{[^;]*)\};", source):
        fields |= set(re.findall(r"\{\s*\"([a-z0-9_]+)\"\s*,", given))
    return fields, unread


def audit(root, pages):
    name, source = "config/audit/README.md", (root / "proxy/audit/event.cc").read_text()
    fields = written(source)
    for path in sorted((root / "proxy").rglob("*.cc")):
        file = path.relative_to(root).as_posix()
        found, unread = details(file, path.read_text())
        fields |= found
        for text in unread:
            yield f"{file}:1: error: the name of a field of audit events is computed by {text}: say in tests/check/handbook_names.py what it can be"
    if name not in pages:
        yield f"{name}:1: error: is missing: it has the tables \"## Events\" and \"## Fields of data\""
        return
    yield from table(pages[name], name, "Events", event_types(source), prefix="io.sluice.")
    yield from table(pages[name], name, "Fields of data", fields, prefix="data.")


def policy_tables(schema):
    """The headings of policy/README.md, and what the tables below them have; what a window of time has."""
    parts = schema["definitions"]
    constraint = next(part for part in parts["constraint"]["anyOf"] if "properties" in part)
    return {"A rule": set(parts["rule"]["properties"]), "`when`: which requests": set(parts["when"]["properties"]),
            "Constraints": set(constraint["properties"])}, set(parts["time"]["properties"])


def policy(page, tables, window, name="policy/README.md"):
    for section, keys in tables.items():
        yield from table(page, name, section, keys)
    for key in sorted(window - {word for _, text in page.code() for word in re.findall(r"\w+", text)}):
        yield f"{name}:1: error: `{key}` of `time` is missing"


def breaches(root, pages):
    def read(name):
        return (root / name).read_text(encoding="utf-8")
    defaults = reference_keys(read(REFERENCE))
    yield from configuration(pages[CONFIG], schema_keys(json.loads(read(SCHEMA))) | defaults.keys(), defaults)
    problems = problem_types(read("proxy/http/local_reply.cc"))
    gate = "proxy/gate/README.md"
    yield from table(pages[gate], gate, "Problem types", set(problems), prefix="urn:sluice:problem:", beside=problems)
    yield from audit(root, pages)
    yield from policy(pages["policy/README.md"], *policy_tables(json.loads(read("policy/policy.schema.json"))))


# --- that each rule can fail

def expect(found, said, case):
    found = list(found)
    if bool(said) != bool(found) or (said and said not in found[0]):
        yield f"{case}: said {found}, expected {said!r}"


def self_test():
    failures = []
    reference = "a:                # of all\n  b: 9s           # to wait\n  c: x            # required\n  # d: [y]        # no default\n  e: { env: T }\n"
    defaults = reference_keys(reference)
    if defaults != {"a": None, "a.b": "9s", "a.c": None, "a.d": None, "a.e": None}:
        failures.append(f"the reference was read as {defaults}")
    schema = {"definitions": {"secret": {}, "list": {"items": {"properties": {"f": {}}}}}, "properties": {
        "a": {"properties": {"b": {}, "s": {"$ref": "#/definitions/secret"}}}, "m": {"additionalProperties": {"anyOf": [{"$ref": "#/definitions/list"}]}}}}
    if schema_keys(schema) != {"a", "a.b", "a.s", "m", "m.NAME.f"}:
        failures.append(f"the schema was read as {schema_keys(schema)}")
    head, row, rest = "## `a`\n", "| `a.b` | `9s` | x |\n", "| `a.c`, `a.d`, `a.e` | required, none | |\n"
    for text, said in [(head + row + rest, ""), (head + row, "`a.c` is missing"), (row + rest, "`a` is missing"), (head + row + rest + "| `a.f` | | |\n", "`a.f` is no key"),
                       (head + "| `a.b` | `8s` | |\n" + rest, "are 9s, not 8s"), (head + "| `a.b` | | |\n" + rest, "are 9s, not none"), (head + "`a.b` and\n" + rest, "`a.b` is missing")]:
        failures += expect(configuration(markdown.Page(text), set(defaults), defaults), said, f"configuration {text!r}")
    for text, said in [("## T\n| `x` | 403 |\n| `y` | 404 |\n", ""), ("## T\n| `name` | status |\n|---|---|\n| `x` | 403 |\n| `y` | 404 |\n", ""), ("## T\n| `x` | 403 |\n", "`y` is missing"), ("## T\n| `x` | 403 |\n| `y` | 404 |\n| `z` | |\n", "`z` is nothing"),
                       ("## T\n| `x` | 400 |\n| `y` | 404 |\n", "`x` lacks 403"), ("## U\n| `x` |\n| `y` |\n", "\"## T\" with its table is missing")]:
        failures += expect(table(markdown.Page(text), "p.md", "T", {"x", "y"}, beside={"x": "403"}), said, f"table {text!r}")
    for text, fields, unread in [('r.details.emplace_back("a_b", x);', {"a_b"}, []), ("r.json_details.emplace_back(\n  name, x);", set(), ["name"]),
                                 ('r.details = {{"a", x}, {"b", f({y})}};', {"a", "b"}, []), ("r.details = other;", set(), ["other"]),
                                 ('return {"gone", {{"s", x}, {"t", y}}};', {"s", "t"}, [])]:
        if details("x.cc", text) != (fields, unread):
            failures.append(f"{text} was read as {details('x.cc', text)}")
    rule = "## R\n| `a` | |\n| `b: true` | |\n"
    for text, said in [(rule + "`time: { days: x }`", ""), (rule, "`days` of `time` is missing"), ("## R\n| `a` | |\n`days`", "`b` is missing")]:
        failures += expect(policy(markdown.Page(text), {"R": {"a", "b"}}, {"days"}), said, f"policy {text!r}")
    return failures
