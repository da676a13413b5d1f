# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""How Sphinx builds these pages: sphinx-build -W -b html doc OUTPUT."""

project = 'slipway'
author = 'The slipway authors'
copyright = '2026 The slipway authors'
version = release = '0.1.0'

extensions = ['myst_parser']
root_doc = 'index'
html_theme = 'alabaster'
html_theme_options = {
    'description': 'Intel accelerators in software, and DPDK drivers that cannot tell',
    'fixed_sidebar': True,
}
html_sidebars = {'**': ['about.html', 'navigation.html', 'searchbox.html']}
html_show_sourcelink = False
# Depth of headings that get an anchor in the Markdown pages.
myst_heading_anchors = 3
