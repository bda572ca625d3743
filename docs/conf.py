"""How the documentation is built."""

import sys
from pathlib import Path

# What is generated imports the generators as docs.generate.
sys.path.insert(0, str(Path(__file__).parents[1]))

project = "ska-sdp-lmc"
copyright = "2026, the SDP LMC developers"  # noqa: A001  Sphinx's name for it
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docs.generate.extension",
]
html_theme = "furo"
html_title = project
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
