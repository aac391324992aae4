"""The page for plugin authors stays true: its code is tested code, and no hook lacks documentation or a test."""

import ast
import inspect
import re
import shlex
import textwrap
from pathlib import Path

import click
import pytest
from sprintia_testing import toys

from sprintia_platform import hooks
from sprintia_platform.cli import main
from sprintia_platform.cli.scaffold import NewPlugin

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SPECIFICATIONS = {
    node.name: node
    for node in ast.parse(inspect.getsource(hooks)).body
    if isinstance(node, ast.FunctionDef)
    and [ast.unparse(decorator) for decorator in node.decorator_list] == ["hookspec"]
}


def signature(name: str) -> str:
    node = SPECIFICATIONS[name]
    assert node.returns is not None
    return f"def {name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}".replace("'", '"')


def code_that_is_tested() -> list[str]:
    """What `sprintia new-plugin notes` writes, and the toy plugin: both are installed and run by other tests."""
    written = NewPlugin("notes", Path(), None).files().values()
    return [*written, *(path.read_text(encoding="utf-8") for path in toys.FOLDER.rglob("*.py"))]


def test_there_are_hooks_to_speak_of() -> None:
    assert len(SPECIFICATIONS) == len([name for name in vars(hooks) if name.startswith("register_")]) + 1
    assert len(BLOCKS) > 2 * len(SPECIFICATIONS)


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_hook_is_documented_with_its_exact_signature_and_an_example(name: str) -> None:
    (section,) = re.findall(rf"^### {name}\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    first, example = re.findall(r"^```python\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)
    assert first == signature(name)
    assert f"@hookimpl\ndef {name}(" in example


def test_no_hook_is_documented_that_does_not_exist() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(SPECIFICATIONS)
    assert f"HOOK_API = {hooks.HOOK_API}`" in PAGE


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_hook_has_a_test_named_for_it(name: str) -> None:
    tests = (Path(__file__).parent / "test_hooks.py").read_text(encoding="utf-8")
    assert re.search(rf"^def test_{name}_", tests, re.MULTILINE), f"write a test_{name}_... in test_hooks.py"


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_a_hook_s_docstring_has_a_whole_example(name: str) -> None:
    docstring = ast.get_docstring(SPECIFICATIONS[name]) or ""
    _, found, example = docstring.partition("Example:\n")
    assert found, "its docstring has no Example"
    implemented = {
        node.name: node for node in ast.parse(textwrap.dedent(example)).body if isinstance(node, ast.FunctionDef)
    }
    given = {argument.arg for argument in SPECIFICATIONS[name].args.args}
    assert {argument.arg for argument in implemented[name].args.args} <= given


@pytest.mark.parametrize(
    "block", [text for kind, text in BLOCKS if kind in {"python", "toml"}], ids=lambda text: text[:40]
)
def test_code_on_the_page_is_tested_code(block: str) -> None:
    signatures = {signature(name) for name in SPECIFICATIONS}
    assert block.strip() in signatures or any(block.strip() in text for text in code_that_is_tested())


@pytest.mark.parametrize("line", [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()])
def test_commands_on_the_page_exist(line: str) -> None:
    program, *arguments = shlex.split(line.removeprefix("$ "))
    if program != "sprintia":
        assert program in {"pip", "pytest"}
        return
    command: click.Command = main
    for argument in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.commands[argument]
    assert not isinstance(command, click.Group)
