#!/usr/bin/python3
"""The JSON Schemas for editors, judged by a validator: they accept what the program accepts, and refuse each broken file whose
fault is one of shape. usage: schemas.py SOURCE_FOLDER"""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

# Findings of shape: a schema sees them. What needs the other files, the text as such, or arithmetic it cannot.
SHAPE = re.compile(r"unknown key \"|missing key \"|expected a (map|list|whole number|number|text|duration|size)\b|unknown value \"|"
                   r"must not be written here|unknown place of a secret|expected one place of a secret|unknown type \"|"
                   r"constraints stand in|needs at least one|is not made of 1 to 64")
# Faults that YAML's own reader hides from a validator, or that a value of the right shape can have.
OTHER = re.compile(r"duplicate key|anchor|alias|tag is not allowed|merge key|in quotes|not YAML")


class Loader(yaml.SafeLoader):
    """YAML 1.2's core types, as the program reads them: no dates, no yes and no, no octal."""


Loader.yaml_implicit_resolvers = {}
for kind, pattern, first in (("bool", r"^(true|false)$", "tf"), ("null", r"^(null|~|)$", ["n", "~", ""]),
                             ("int", r"^-?(0|[1-9][0-9]*)$", "-0123456789"),
                             ("float", r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$", "-0123456789")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), list(first))


def faults(schema, path):
    try:
        document = yaml.load(path.read_bytes(), Loader)
    except (yaml.YAMLError, ValueError) as error:
        return [f"not YAML: {error}"]
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in schema.iter_errors(document)]


def judge(schema, path, findings):
    """What is wrong with the schema's answer, or nothing."""
    found = faults(schema, path)
    if not findings and found:
        return f"{path}: valid, but the schema says: {found[0]}"
    seen = [line for line in findings if SHAPE.search(line) and not OTHER.search(line)]
    if seen and not found:
        return f"{path}: the schema accepts it, the program says: {seen[0]}"
    return None


def main(root):
    schemas = {}
    for name, path in (("config", "config/sluice.schema.json"), ("policy", "policy/policy.schema.json")):
        text = json.loads((root / path).read_text())
        jsonschema.Draft7Validator.check_schema(text)
        schemas[name] = jsonschema.Draft7Validator(text)
    wrong, judged, refused = [], 0, 0
    examples = [("config", root / "config/reference.yaml"), ("config", root / "config/demo/sluice.yaml"),
                ("policy", root / "config/demo/policy.yaml"),
                ("config", root / "config/examples/sluice.yaml"),
                *(("policy" if path.stem.endswith("policy") else "config", path) for path in sorted((root / "config/audit").glob("*.yaml"))),
                ("config", root / "config/examples/rollout/sluice.yaml"),
                *(("policy", root / "config/examples/rollout" / name) for name in ("observe.yaml", "trial.yaml", "policy.yaml")),
                *(("policy", path) for path in sorted((root / "config/examples").glob("*.yaml"))
                  if path.name != "sluice.yaml" and not path.name.endswith(".test.yaml"))]
    for kind, path in examples:
        wrong.append(judge(schemas[kind], path, []))
        judged += 1
    for path in sorted((root / "tests/config_cases").glob("*.yaml")):
        expected = path.with_suffix(".expected")
        if not expected.exists():
            continue
        kind = "policy" if path.name.startswith("policy-") else "config"
        findings = [line for line in expected.read_text().splitlines() if ": error: " in line]
        wrong.append(judge(schemas[kind], path, findings))
        judged += 1
        refused += bool(faults(schemas[kind], path))
    wrong = [line for line in wrong if line]
    print("\n".join(wrong + [f"schemas: {judged} files judged, {refused} broken ones refused, {len(wrong)} wrong answers"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
