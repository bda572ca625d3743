"""How the documentation is built."""

project = "ska-sdp-lmc"
copyright = "2026, the SDP LMC developers"  # noqa: A001  Sphinx's name for it
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = project
exclude_patterns = ["_build"]
myst_heading_anchors = 3
autodoc_typehints = "description"
autodoc_member_order = "bysource"
