"""The directive `command-line`: every command and option, read from the program."""

import re

import typer
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from skuhas.cli import app as program


def _text(words):
    # Help is plain text: none of it is markup.
    return re.sub(r"([\\`*_|<>])", r"\\\1", " ".join((words or "").split()))


def _option(parameter):
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = parameter.make_metavar_name()
    return names


def _lines(command):
    yield from (_text(command.help or command.callback.__doc__), "")
    for parameter in command.params:
        if parameter.name == "help":
            continue
        is_argument = parameter.param_type_name == "argument"
        names = (
            parameter.name.upper()
            if is_argument
            else ", ".join([*parameter.opts, *parameter.secondary_opts])
        )
        value = ""
        if not is_argument and not parameter.is_flag:
            value = f" {(parameter.metavar or parameter.name).upper()}"
        yield f"``{names}{value}``"
        words = _text(getattr(parameter, "help", None)) or "Required."
        default = parameter.default
        if default not in (None, False, True, [], ()) and not callable(default):
            words += f" Default: ``{default}``."
        yield from (f"    {words}", "")


class CommandLine(SphinxDirective):
    """Sections for the commands of the program."""

    has_content = False

    def run(self):
        group = typer.main.get_command(program)
        found = []
        for name, command in group.commands.items():
            section = nodes.section(ids=[f"skuhas-{name}"], names=[f"skuhas {name}"])
            section += nodes.title("", "", nodes.literal("", f"skuhas {name}"))
            lines = StringList(list(_lines(command)), source=f"skuhas {name} --help")
            self.state.nested_parse(lines, self.content_offset, section)
            self.state.document.note_explicit_target(section)
            found.append(section)
        return found


def setup(app):
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
