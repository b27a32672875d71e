"""Mutation tests in one test binary: every mutant is compiled in, and one of them is switched on for each run of the unit tests.

    python3 -m venv target/mutants/venv
    target/mutants/venv/bin/pip install --requirement tests/mutants/requirements.txt
    target/mutants/venv/bin/python tests/mutants/switch.py --tests oversight::content 'oversight/content/*.rs'

The kinds of mutants are those of cargo-mutants (a function that returns a constant, an operator exchanged, a negation or an arm of a `match` deleted, a guard that
always or never holds), but not its list: constants and macros are left alone. It works on a copy of the sources under `target/mutants`. Mutants that do not compile are dropped
one round of the compiler after the other. A mutant is noticed if a test fails, or does not end in time. Results are kept in `target/mutants/results.json`; a run that was
stopped goes on where it was, as long as the sources are the same.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import tree_sitter_rust
from tree_sitter import Language, Parser

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target/mutants"
COPY = WORK / "source"
PARSER = Parser(Language(tree_sitter_rust.language()))

EXCHANGED = {
    "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"], "<": [">", "<=", "=="], ">": ["<", ">=", "=="], "<=": [">"], ">=": ["<"],
    "+": ["-", "*"], "-": ["+", "/"], "*": ["+", "/"], "/": ["%", "*"], "%": ["/", "+"], "<<": [">>"], ">>": ["<<"],
    "&": ["|", "^"], "|": ["&", "^"], "^": ["|", "&"], "+=": ["-=", "*="], "-=": ["+=", "/="], "*=": ["+=", "/="], "|=": ["&="], "&=": ["|="],
}  # fmt: skip
UNTOUCHED = {
    "const_item", "static_item", "attribute_item", "macro_invocation", "macro_definition", "type_arguments", "use_declaration", "enum_item", "struct_item",
}  # fmt: skip
SWITCH = """
/// Whether a mutant is switched on.
#[allow(missing_docs)]
pub fn mutant(number: u32) -> bool {
    static ON: std::sync::LazyLock<Option<u32>> = std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|number| number.parse().ok()));
    *ON == Some(number)
}
"""


def constants(kind):
    """What a function of this type could return in place of its value."""
    kind = kind.strip()
    if kind in ("", "()"):
        return ["()"]
    if kind == "bool":
        return ["true", "false"]
    if kind == "String":
        return ["String::new()", '"xyzzy".into()']
    if re.fullmatch(r"&('\w+ )?str", kind):
        return ['""', '"xyzzy"']
    if re.fullmatch(r"[ui](8|16|32|64|128|size)", kind):
        return ["0", "1"]
    if kind.startswith("Option<"):
        return ["None"] + [f"Some({value})" for value in constants(kind[7:-1]) if value != "Default::default()"]
    if kind.startswith("Vec<"):
        return ["vec![]"]
    if kind.startswith("Result<"):
        inner = kind[7:]
        inner = inner[: inner.index(")") + 1] if inner.startswith("(") else inner.split(",")[0]
        return [f"Ok({value})" for value in constants(inner)]
    return [] if kind.startswith("impl ") else ["Default::default()"]


def has_let(node):
    """Whether a condition binds names, so that it cannot be put into another expression."""
    if node.type in ("let_condition", "let_chain"):
        return True
    return node.type not in ("block", "closure_expression", "match_expression") and any(map(has_let, node.children))


class Mutator:
    """Numbers the mutants of all files in the order of their text, and writes them in."""

    def __init__(self, dropped):
        self.dropped, self.mutants = dropped, []

    def file(self, name, source):
        self.name, self.source = name, source
        return self.emit(PARSER.parse(source).root_node)

    def text(self, node):
        return self.source[node.start_byte : node.end_byte].decode()

    def between(self, start, end):
        return self.source[start:end].decode()

    def new(self, node, what):
        """The number of a mutant; none where it is one that does not compile."""
        number = len(self.mutants)
        self.mutants.append({"file": self.name, "line": node.start_point[0] + 1, "what": what})
        return None if number in self.dropped else number

    @staticmethod
    def marked(number, text):
        return f"/*<{number}*/{text}/*{number}>*/"

    def emit(self, node):
        if node.type in UNTOUCHED or (node.type == "mod_item" and self.text(node.child_by_field_name("name")) == "tests"):
            return self.text(node)
        handler = {
            "function_item": self.function,
            "binary_expression": self.operator,
            "compound_assignment_expr": self.operator,
            "unary_expression": self.negation,
            "match_arm": self.arm,
        }
        return handler.get(node.type, self.children)(node)

    def children(self, node):
        out, at = "", node.start_byte
        for child in node.children:
            out += self.between(at, child.start_byte) + self.emit(child)
            at = child.end_byte
        return out + self.between(at, node.end_byte)

    def function(self, node):
        if any(child.type == "function_modifiers" and "const" in self.text(child) for child in node.children):
            return self.text(node)
        body, kind = node.child_by_field_name("body"), node.child_by_field_name("return_type")
        inside, name, early = self.children(body), self.text(node.child_by_field_name("name")), ""
        for value in constants(self.text(kind) if kind else ""):
            number = self.new(node, f"{name} returns {value}")
            if number is not None:
                early += self.marked(number, f" if crate::mutant({number}) {{ return {value}; }} ")
        return self.between(node.start_byte, body.start_byte) + "{" + early + inside[1:]

    def operator(self, node):
        left, operator, right = (node.child_by_field_name(field) for field in ("left", "operator", "right"))
        one, sign, other = self.emit(left), self.text(operator), self.emit(right)
        if has_let(node) or sign not in EXCHANGED:
            return one + self.between(left.end_byte, right.start_byte) + other
        assigns = node.type == "compound_assignment_expr"
        out = f"{one} {sign} {other}" if assigns else f"({one} {sign} {other})"
        for exchanged in EXCHANGED[sign]:
            number = self.new(operator, f"{sign} as {exchanged} in {self.text(node)[:60]!r}")
            if number is None:
                continue
            if assigns:
                out = self.marked(number, f"{{ if crate::mutant({number}) {{ {self.text(left)} {exchanged} ({self.text(right)}); }} else {{ {out}; }} }}")
            else:
                out = self.marked(number, f"(if crate::mutant({number}) {{ ({self.text(left)}) {exchanged} ({self.text(right)}) }} else {{ {out} }})")
        return out

    def negation(self, node):
        sign, operand = self.text(node)[0], node.children[1]
        if sign not in "!-":
            return self.children(node)
        number = self.new(node, f"no {sign} in {self.text(node)[:50]!r}")
        if number is None:
            return sign + self.emit(operand)
        return self.marked(number, f"(if crate::mutant({number}) {{ {self.text(operand)} }} else {{ {sign}{self.emit(operand)} }})")

    def arm(self, node):
        pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
        guard = pattern.child_by_field_name("condition")
        rest = self.between(pattern.end_byte, value.start_byte)
        if guard is not None and has_let(guard):
            return self.text(pattern) + rest + self.emit(value) + self.between(value.end_byte, node.end_byte)
        shape = self.between(pattern.start_byte, guard.start_byte if guard else pattern.end_byte)
        condition = ""
        if guard is not None:
            shape, condition = re.sub(r"\s*if\s*$", "", shape), self.emit(guard)
            always, never = (self.new(guard, f"guard {self.text(guard)[:50]!r} is {truth}") for truth in ("true", "false"))
            if always is not None:
                condition = self.marked(always, f"(crate::mutant({always}) || {condition})")
            if never is not None:
                condition = self.marked(never, f"(!crate::mutant({never}) && {condition})")
            condition = f" if {condition}"
        elif shape.strip() != "_":
            others = [arm.child_by_field_name("pattern") for arm in node.parent.named_children if arm.type == "match_arm"]
            number = self.new(node, f"no arm {shape[:50]!r}") if any(self.text(other).strip() == "_" for other in others) else None
            if number is not None:
                condition = self.marked(number, f" if !crate::mutant({number})")
        return shape + condition + rest + self.emit(value) + self.between(value.end_byte, node.end_byte)


def copy_sources():
    """The files that git knows, as they are now. Those that are the same keep their times, so that what they make is not built again; those that are gone go."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, listed):
        source, target = ROOT / name, COPY / name
        if source.is_file() and not (target.is_file() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for stale in COPY.rglob("*.rs"):
        if not (ROOT / stale.relative_to(COPY)).is_file():
            stale.unlink()


def write(path, text):
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def innermost(text, start, end):
    """The mutants that an error at these bytes is about."""
    open_ones = []
    for mark in re.finditer(r"/\*<(\d+)\*/|/\*(\d+)>\*/", text[:start].decode(errors="ignore")):
        if mark.group(1):
            open_ones.append(int(mark.group(1)))
        elif open_ones and open_ones[-1] == int(mark.group(2)):
            open_ones.pop()
    return open_ones[-1:] or [int(number) for number in re.findall(r"/\*<(\d+)\*/", text[start:end].decode(errors="ignore"))][:6]


def compile_mutants(package, files, dropped):
    """Compiles all mutants that compile; says which there are and where the test binary is."""
    library = COPY / package / "src/lib.rs"
    while True:
        mutator = Mutator(dropped)
        for name in files:
            write(COPY / package / "src" / name, mutator.file(name, (ROOT / package / "src" / name).read_bytes()))
        write(library, (ROOT / package / "src/lib.rs").read_text() + SWITCH)
        command = ["cargo", "test", "--package", package, "--lib", "--no-run", "--message-format=json"]
        for profile in ("dev", "test"):
            command[1:1] = ["--config", f"profile.{profile}.package.{package}.opt-level=1"]
        environment = dict(os.environ, CARGO_TARGET_DIR=str(WORK / "build"), RUSTFLAGS="--cap-lints allow")
        ran = subprocess.run(command, cwd=COPY, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        messages = [json.loads(line) for line in ran.stdout.splitlines()]
        errors = [message["message"] for message in messages if message.get("reason") == "compiler-message" and message["message"]["level"] == "error"]
        bad = set()
        for error in errors:
            for span in error["spans"] + [span for child in error["children"] for span in child["spans"]]:
                path = COPY / span["file_name"]
                if path.is_file() and any(path == COPY / package / "src" / name for name in files):
                    bad.update(innermost(path.read_bytes(), span["byte_start"], span["byte_end"]))
        print(f"{len(mutator.mutants)} mutants, {len(dropped)} of them dropped, {len(bad)} more do not compile", file=sys.stderr)
        binaries = [message["executable"] for message in messages if message.get("executable")]
        if ran.returncode == 0 and binaries:
            return mutator.mutants, binaries[-1]
        if not bad - dropped:
            sys.exit("\n".join(error["rendered"] for error in errors[:3]) or "the build failed")
        dropped |= bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", help="patterns of files below the package's src")
    parser.add_argument("--package", default="bbb-core")
    parser.add_argument("--tests", action="append", required=True, help="part of the names of the tests that could notice; may be repeated")
    parser.add_argument("--skip", action="append", default=[], help="tests that are left out")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds until a run counts as one that does not end")
    options = parser.parse_args()
    source = ROOT / options.package / "src"
    found = sorted({path for pattern in options.files for path in source.glob(pattern)})
    files = [str(path.relative_to(source)) for path in found if path.name != "tests.rs" and "tests" not in path.relative_to(source).parts]
    if not files:
        sys.exit(f"no files below {source} match")
    WORK.mkdir(parents=True, exist_ok=True)
    copy_sources()
    # The same sources have the same mutants under the same numbers.
    digest = hashlib.sha256(b"".join((source / name).read_bytes() for name in files) + repr(vars(options)).encode()).hexdigest()
    store = WORK / "results.json"
    kept = json.loads(store.read_text()) if store.is_file() else {}
    results = kept.setdefault(digest, {"dropped": [], "ended": {}})
    dropped = set(results["dropped"])
    mutants, binary = compile_mutants(options.package, files, dropped)
    results["dropped"] = sorted(dropped)

    def run(number):
        arguments = [binary, *options.tests, *(word for test in options.skip for word in ("--skip", test)), "--test-threads", "1"]
        environment = {key: value for key, value in os.environ.items() if key != "MUTANT"} | ({} if number is None else {"MUTANT": str(number)})
        try:
            quiet = subprocess.DEVNULL
            ran = subprocess.run(arguments, cwd=COPY / options.package, env=environment, timeout=options.timeout, check=False, stdout=quiet, stderr=quiet)
        except subprocess.TimeoutExpired:
            return "does not end"
        return "noticed" if ran.returncode else "survives"

    if run(None) != "survives":
        sys.exit("the tests fail without a mutant")
    left = [number for number in range(len(mutants)) if number not in dropped and str(number) not in results["ended"]]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done, (number, ended) in enumerate(zip(left, pool.map(run, left)), 1):
            results["ended"][str(number)] = ended
            store.write_text(json.dumps(kept))
            print(f"{done} of {len(left)}\r", end="", file=sys.stderr, flush=True)
    counts = collections.defaultdict(collections.Counter)
    for number, mutant in enumerate(mutants):
        ended = results["ended"].get(str(number), "does not compile")
        counts[mutant["file"]][ended] += 1
        if ended == "survives":
            print(f"{mutant['file']}:{mutant['line']}: {mutant['what']}")
    for name, each in counts.items():
        print(f"{name}: {sum(each.values())} mutants, " + ", ".join(f"{count} {ended}" for ended, count in sorted(each.items())))


if __name__ == "__main__":
    main()
