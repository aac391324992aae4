"""Toy plugins, as installed distributions that nobody installed: folders with a `.dist-info` beside the code."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "host" / "toy_plugins"
PARTS = ("toy", "client", "guest", "broken")
PATHS = tuple(str(FOLDER / part) for part in PARTS)


def points_of(*folders: Path | str, group: str = "sprintia") -> list[EntryPoint]:
    """Read the entry points of the distributions in these folders, as Python does for installed ones."""
    found = distributions(path=[str(folder) for folder in folders])
    return [point for distribution in found for point in distribution.entry_points.select(group=group)]


def write_distribution(folder: Path, distribution: str, plugins: Mapping[str, str]) -> Path:
    """Write the metadata of a distribution with these plugins (name to module or object) into a folder."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in plugins.items()]
    (info / "entry_points.txt").write_text("\n".join(["[sprintia]", *lines, ""]))
    return folder
