"""How Sphinx builds the documentation site; ``scripts/site_sources.py`` lays the sources out and calls it."""

project = "gitopslab"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "gitopslab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # scripts/site_sources.py has executed them
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_inherit_docstrings = True
napoleon_google_docstring = True
# notebooks link to files beside them; docstrings of parts are shown once, under Lab
suppress_warnings = ["myst.xref_missing", "mystnb.unknown_mime_type", "misc.highlighting_failure", "myst.header"]
exclude_patterns = ["images/*-dark.png"]
