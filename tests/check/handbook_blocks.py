"""Code on the pages: commands of sluice that exist, and YAML that the program would take."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import jsonschema
import markdown
import yaml
from schemas import Loader

SHELLS = ("", "sh", "shell", "bash", "console")
LEFT_OUT = "\u2026"  # what a snippet leaves out, also as ...


# --- commands

class Program:
    """What the binary says of itself, by --help."""

    def __init__(self, binary):
        self.binary, self.texts = binary, {}

    def help(self, path):
        if path not in self.texts:
            done = subprocess.run([self.binary, *path, "--help"], capture_output=True, text=True, timeout=60, check=True)
            self.texts[path] = done.stdout
        return self.texts[path]

    def commands(self, path):
        _, _, below = self.help(path).partition("\nSubcommands:\n")
        return re.findall(r"^  ([a-z]+) ", below, re.MULTILINE)

    def options(self, path):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", self.help(path)))

    def required(self, path):
        return set(re.findall(r"^ +(--[a-z-]+) .*\bREQUIRED\b", self.help(path), re.MULTILINE))


def calls(line):
    """The arguments of each call of sluice on a line of shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # a quote that is closed on another line
        words = line.split(" #")[0].split()
    found, begins, call = [], True, None
    for word in words:
        if re.fullmatch(r"[();<>|&]+", word):
            begins, call = not re.match(r"[<>]", word), None
        elif begins and (re.match(r"\w+=", word) or word in ("$", "sudo", "exec")):
            continue
        elif begins and os.path.basename(word) == "sluice":
            call, begins = [], False
            found.append(call)
        else:
            begins = word == "--" and call is None  # as in kubectl exec POD -- sluice
            if call is not None:
                call.append(word)
    return found


def judge_call(program, words, whole):
    """What is wrong with a call. `whole`: what it requires has to be there."""
    path, names = (), [word.split("=")[0] for word in words if word.startswith("--")]
    for word in words:
        commands = program.commands(path)
        if not commands or word.startswith("-"):
            break
        if word not in commands:
            return f"sluice {' '.join(path)}".strip() + f" has no command {word}: {', '.join(commands)}"
        path += (word,)
    for name in names:
        if name != "--help" and name not in program.options(path):
            return f"sluice {' '.join(path)} has no option {name}"
    missing = program.required(path) - set(names) if whole and "--help" not in names else ()
    return f"sluice {' '.join(path)} wants {', '.join(sorted(missing))}" if missing else None


def commands(pages, program):
    for name, page in pages.items():
        lines = [(number, text, False) for number, text in page.code() if text.startswith("sluice ")]
        for block in page.blocks:
            if block.language in SHELLS:
                joined = re.sub(r"[ \t]*\\\n\s*|(?<=\|)\n\s*", lambda found: " " + "\x00" * found.group(0).count("\n"), block.text)
                number = block.number
                for line in joined.split("\n"):
                    lines.append((number, line.replace("\x00", ""), True))
                    number += 1 + line.count("\x00")
        for number, line, whole in lines:
            for words in calls(line):
                wrong = judge_call(program, words, whole)
                if wrong:
                    yield f"{name}:{number}: error: {wrong}"


# --- YAML

class Schemas:
    """A whole file has every required key; a part of one may lack those at its top."""

    def __init__(self, root):
        config, policy = (json.loads((root / path).read_text()) for path in ("config/sluice.schema.json", "policy/policy.schema.json"))
        self.tops = set(config["properties"])
        self.part = jsonschema.Draft7Validator({key: value for key, value in config.items() if key != "required"})
        self.policy = jsonschema.Draft7Validator(policy)

    def faults(self, document):
        validator = self.part if set(document) <= self.tops else self.policy if "rules" in document and "version" in document else None
        for error in validator.iter_errors(document) if validator else ():
            if not re.search(rf"{LEFT_OUT}|\.\.\.", json.dumps(error.instance, ensure_ascii=False)):
                yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"


def names_in(document, field):
    """Every text that a policy gives to `field`."""
    if isinstance(document, list):
        return {name for part in document for name in names_in(part, field)}
    if not isinstance(document, dict):
        return set()
    own = document.get(field, [])
    return {name for name in (own if isinstance(own, list) else [own]) if isinstance(name, str)} | names_in(list(document.values()), field)


def by_program(binary, document, text):
    """What `sluice check` says of a whole configuration, or of a whole policy under one made for it."""
    text = text.replace(f'"{LEFT_OUT}"', '"' + "0" * 64 + '"')
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if "rules" in document:
            clients = {client: {"token": {"env": f"T_{client}"}} for client in names_in(document, "client") or {"soar"}}
            next(iter(clients.values()))["groups"] = sorted(names_in(document, "group"))
            apis = {api: {"catalogue": api, "upstream": "https://vendor.example", "credential": {"header": "x-api-key", "value": "{key}", "full": {"env": "K"}}}
                    for api in ("push", "securenvoy")}
            config = json.dumps({"version": 1, "listen": [{"address": "127.0.0.1:0"}], "apis": apis, "clients": clients, "policy": "policy.yaml"})
            policy = text
        else:
            config, policy = text, 'version: 1\nrules: [ { id: all, effect: allow, when: { operation: "*.*" } } ]\n'
            policy_name = document.get("policy")
            (folder / os.path.basename(policy_name)).write_text(policy) if policy_name else None
        (folder / "sluice.yaml").write_text(config)
        (folder / "policy.yaml").write_text(policy)
        environment = {**os.environ, **{variable: "https://x.example/" for variable in re.findall(r"\$\{(\w+)\}", text)}}
        done = subprocess.run([binary, "check", "--config", "sluice.yaml", "--ignore-modes"], capture_output=True, text=True, timeout=60,
                              cwd=folder, env=environment, check=False)
        return [line for line in (done.stdout + done.stderr).splitlines() if ": error:" in line] or (["it cannot be read"] if done.returncode > 1 else [])


def yaml_blocks(pages, schemas, binary):
    for name, page in pages.items():
        snippets = []
        for number, text in page.code():  # a part of a configuration, as in `log: { level: info }`
            found = re.match(r"(\w+): [{\[].*[}\]]$", text)
            if found and found.group(1) in schemas.tops:
                snippets.append(markdown.Block("yaml", number))
                snippets[-1].lines.append(text)
        for block in [*snippets, *page.blocks]:
            if block.language not in ("yaml", "yml"):
                continue
            place = f"{name}:{block.number}: error: "
            try:
                documents = [document for document in yaml.load_all(block.text, Loader) if isinstance(document, dict)]
            except (yaml.YAMLError, ValueError) as error:
                yield f"{place}no YAML: {' '.join(str(error).split())}"
                continue
            for document in documents:
                wrong = list(schemas.faults(document))
                if block in snippets:
                    wrong = [fault for fault in wrong if not fault.endswith("is a required property")]
                if not wrong and "version" in document and ("rules" in document or {"listen", "apis", "policy"} <= set(document)):
                    wrong = by_program(binary, document, block.text)
                for fault in wrong[:3]:
                    yield f"{place}{fault}"


def breaches(root, pages, sluice):
    yield from commands(pages, Program(sluice))
    yield from yaml_blocks(pages, Schemas(root), sluice)


# --- that each rule can fail

WHOLE = ("```yaml\nversion: 1\nlisten: [ { address: 127.0.0.1:0 } ]\napis: { push: { catalogue: push, upstream: https://push.example, credential: { full: { env: K } } } }\n"
         "clients: { soar: { token_sha256: [ \"\u2026\" ] } }\npolicy: %s\n```\n")
RULE = "```yaml\nversion: 1\nrules: [ { id: a, effect: allow, when: { client: soar, operation: %s } } ]\n```\n"
CASES = [
    ("    sluice check --config sluice.yaml     # says it\n", ""), ("    sluice chekc --config sluice.yaml\n", "no command chekc"),
    ("    sluice check --config a --strickt\n", "no option --strickt"), ("    sluice check\n", "wants --config"), ("`sluice check`", ""),
    ("`sluice chekc`", "no command chekc"), ("    echo x |\n      sluice keys seel NAME\n", "no command seel"), ("    A=b sluice ready --port 1\n", "no option --port"),
    ("    build/release/sluice \\\n      check --config a \\\n      --nothing\n", "no option --nothing"), ("    kubectl exec gate -- sluice redy\n", "no command redy"),
    ("    x=$(sluice client old soar)\n", "no command old"), ("    sluice.yaml: valid\n", ""), ("```json\nsluice chekc\n```\n", ""),
    ("```yaml\na: [\n```\n", "no YAML"), ("```yaml\na: { b: 1 }\n```\n", ""), ("```yaml\nlog: { levle: info }\n```\n", "levle"), ("```yaml\nlog: { level: info }\n```\n", ""),
    (RULE % '"*.*"', ""), (RULE % '"push.emplyees.*"', "emplyees"), (RULE % '"*.*", not: { tagg: x }', "tagg"),
    ("`log: { level: info }` and `levle: { a: b }`", ""), ("`log: { levle: info }`", "levle"), ("`log: { level: ...`", ""), ("`connect: { proxy_authorization: required }`", ""), ("`log: { \u2026 }`", ""),
    (RULE % '"*.*", group: [ a, b ]', ""), ("    kubectl -n sluice create --x\n", ""), (WHOLE % "policy.yaml", ""), (WHOLE % "rules/policy.yaml", "policy.yaml"),
]


def self_test(root, sluice):
    program, schemas, failures = Program(sluice), Schemas(root), []
    for text, said in CASES:
        pages = {"README.md": markdown.Page(text)}
        found = [*commands(pages, program), *yaml_blocks(pages, schemas, sluice)]
        if bool(said) != bool(found) or (said and said not in found[0]):
            failures.append(f"{text[:60]!r}: said {found}, expected {said!r}")
    return failures
