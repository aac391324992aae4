"""`sprintia new-plugin`."""

from pathlib import Path

import click


@click.command("new-plugin")
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("plugins"), show_default=True)
def new_plugin(name: str, folder: Path) -> None:
    """Write a working plugin."""
