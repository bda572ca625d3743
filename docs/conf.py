"""Sphinx configuration."""

import sys
from pathlib import Path

# The extension is imported as docs.generate.extension.
sys.path.insert(0, str(Path(__file__).parents[1]))

project = "ska-sdp-lmc"
copyright = "2026, the SDP LMC developers"  # noqa: A001  Sphinx's name for it
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "docs.generate.extension",
]
html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["tables.css"]
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
# A copied session is what a reader types, without prompts and output.
copybutton_prompt_text = r"\$ |> |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
