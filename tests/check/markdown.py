"""What the checks of the handbook read of a Markdown page: headings, links, tables, code. As much of Markdown as the pages use."""

import pathlib
import re

SKIPPED = {"build", ".git", "node_modules"}
FENCE = re.compile(r"^\s*(```+|~~~+)\s*([\w-]*)")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
LINK = re.compile(r"(?<!\\)\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$")
CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)")


def pages(root):
    """Every Markdown file of the repository, relative to `root`."""
    return sorted(path.relative_to(root) for path in pathlib.Path(root).rglob("*.md")
                  if not SKIPPED.intersection(path.relative_to(root).parts))


def spans(text):
    """The `code` of a line of prose or of a cell."""
    return [found.group(2).strip() for found in CODE.finditer(text)]


class Block:
    """Code: its language ("" for none), the number of its first line, and its lines."""

    def __init__(self, language, number):
        self.language, self.number, self.lines = language, number, []

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


class Page:
    def __init__(self, text):
        self.text = text
        self.prose, self.blocks = [], []  # (number, line); Block
        self.split()

    def split(self):
        fence, block, blank = None, None, True
        for number, line in enumerate(self.text.splitlines(), start=1):
            opened = FENCE.match(line)
            if fence:
                if opened and opened.group(1).startswith(fence) and not opened.group(2):
                    fence = block = None
                else:
                    block.lines.append(line)
            elif opened:
                fence, block = opened.group(1), Block(opened.group(2).lower(), number + 1)
                self.blocks.append(block)
            elif line.startswith("    ") and line.strip() and (blank or block):
                if block is None:
                    block = Block("", number)
                    self.blocks.append(block)
                block.lines.append(line[4:])
            elif not line.strip() and block is not None:
                block.lines.append("")
            else:
                block = None
                self.prose.append((number, line))
            blank = not line.strip()

    def headings(self):
        """(number, level, text) of each."""
        return [(number, len(found.group(1)), found.group(2)) for number, line in self.prose if (found := HEADING.match(line))]

    def anchors(self):
        """The names that GitHub gives to the headings."""
        names, seen = set(), {}
        for _, _, text in self.headings():
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            names.add(f"{slug}-{count}" if count else slug)
        return names | set(re.findall(r"<a (?:name|id)=\"([^\"]+)\"", self.text))

    def links(self):
        """(number, target) of each link."""
        for number, line in self.prose:
            bare = CODE.sub("", line)
            for found in [*LINK.finditer(bare), *filter(None, [REFERENCE.match(bare)])]:
                yield number, found.group(1)

    def rows(self, section=None, heads=False):
        """(number, cells) of each row of each table, with `heads` of its head too, below the heading `section` if one is given; None when
        there is no such heading."""
        lines = self.prose
        if section is not None:
            start = next(((number, level) for number, level, text in self.headings() if text == section), None)
            if start is None:
                return None
            end = next((number for number, level, _ in self.headings() if number > start[0] and level <= start[1]), len(self.text))
            lines = [(number, line) for number, line in lines if start[0] < number < end]
        rows, ruled = [], {number for number, line in lines if re.fullmatch(r"\|[|\s:-]+", line)}
        for number, line in lines:
            if line.startswith("|") and number not in ruled and (heads or number + 1 not in ruled):
                cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
                rows.append((number, [cell.strip().replace("\\|", "|") for cell in cells]))
        return rows

    def code(self):
        """(number, text) of each `code` in prose."""
        return [(number, text) for number, line in self.prose for text in spans(line)]
