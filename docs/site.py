"""What mkdocs does besides, when it makes a site of README.md and these pages: hooks.

README.md becomes the first page. Each room of the code gets a page of its docstrings. The pages
link to files of the repository as its readers need it; on the site a link to code leads to those
docstrings, and a link to any other file outside docs/ stays as words.
"""

import re
from pathlib import Path
from typing import Any

CLONE = Path(__file__).resolve().parents[1]


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are not files of docs/."""
    from mkdocs.structure.files import File

    readme = (CLONE / "README.md").read_text("utf-8")
    made = {"index.md": readme.replace("](docs/", "]("), "api/reference.md": api_page("reference")}
    for room in CLONE.glob("textcnn/*/__init__.py"):
        made[f"api/{room.parent.name}.md"] = api_page(room.parent.name)
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def api_page(name: str) -> str:
    """A page of the docstrings of ``textcnn.<name>`` and all that is in it."""
    return f"::: textcnn.{name}\n"


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links out of docs/ to where they can be read."""
    return re.sub(r"\[([^\]]*)\]\(\.\./([^)]+)\)", _on_the_site, markdown)


def _on_the_site(link: "re.Match[str]") -> str:
    words, path = link.groups()
    if not path.startswith("textcnn/"):
        return words
    module = path.removesuffix("/").removesuffix(".py").replace("/", ".")
    return f"[{words}](api/{module.split('.')[1]}.md#{module})"
