"""How the documentation is built: `make docs`, into reports/build/docs, to be read offline."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent)]

import figures  # noqa: E402
import public  # noqa: E402
from numpydoc.xref import DEFAULT_LINKS  # noqa: E402
from sphinx_gallery.sorting import ExplicitOrder  # noqa: E402

import simopt  # noqa: E402

project = "simopt"
author = "The simopt developers"
copyright = "The simopt developers"  # noqa: A001
release = version = simopt.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "offline",
    "public",
    "rooms",
]
exclude_patterns = ["tutorials"]  # the scripts; their pages are written to built/
nitpicky = True  # a cross reference that leads nowhere is an error: make docs passes -W
default_role = "py:obj"  # as in numpydoc: `simopt.run` in single backticks is a reference
add_module_names = False
toc_object_entries_show_parents = "hide"
html_math_renderer = "mathml"

# Types stand in the section Parameters, in words; signatures show names and defaults.
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = public.aliases()
numpydoc_xref_ignore = "all"
DEFAULT_LINKS.clear()  # to Python's and NumPy's documentation: they need its index, from a network

sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "built",
    "filename_pattern": "",
    "within_subsection_order": ExplicitOrder(
        [
            "your_own_data.py",
            "figures_of_a_sweep.py",
            "your_own_rule.py",
            "from_a_log_to_a_remedy.py",
            "checking_an_optimizer.py",
            "cluster.py",
        ]
    ),
    "run_stale_examples": True,  # what they show depends on simopt, not on their text alone
    "abort_on_example_error": True,
    "image_scrapers": (figures.Scraper(),),
    "reset_modules": ("figures.begin",),
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "plot_gallery": True,
}

html_theme = "furo"
html_title = "simopt"
html_static_path = ["static"]
html_css_files = ["simopt.css"]
html_copy_source = False
html_show_sphinx = False


def colours(scheme: int) -> dict[str, str]:
    """The report's colours as variables of the theme: of its light (0) or dark (1) pages."""
    css = (HERE.parent / "simopt/display/templates/style.css").read_text(encoding="utf-8")
    block = re.findall(r":root \{(.*?)\}", css, flags=re.S)[scheme]
    named = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6,8})\b", block))
    return named | {
        "color-brand-primary": named["accent"],
        "color-brand-content": named["accent"],
        "color-brand-visited": named["accent"],
        "color-foreground-primary": named["ink"],
        "color-foreground-secondary": named["muted"],
        "color-background-primary": named["paper"],
        "color-background-secondary": named["tint"],
        "color-background-border": named["grid"],
        "color-api-name": named["ink"],
        "color-api-pre-name": named["muted"],
        "color-code-background": named["tint"],
    }


html_theme_options = {
    "light_css_variables": {
        **colours(0),
        "font-stack": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, "
        "sans-serif",
        "font-stack--monospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, "
        "'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": colours(1),
}
