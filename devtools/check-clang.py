#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""Every source of a build once through clang, warnings being errors; nothing is built."""

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

# Of the compiler's command: where the object goes, and what it depended on.
OUTPUTS = {'-o', '-MF', '-MQ'}


def clang(entry):
    """The command that only looks at the source of an entry of compile_commands.json."""
    words = shlex.split(entry['command'])
    command = ['clang', '-fsyntax-only', '-Werror', '-Wno-unknown-warning-option']
    skip = True  # the compiler's own name
    for word in words:
        if skip:
            skip = False
        elif word in OUTPUTS:
            skip = True
        elif word not in ('-c', '-MD'):
            command.append(word)
    return command


def look(entry):
    """Is the source without a warning? What clang said, or nothing."""
    done = subprocess.run(clang(entry), cwd=entry['directory'], capture_output=True, text=True,
                          check=False)
    return done.stderr if done.returncode else ''


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit('Usage: devtools/check-clang.py BUILD-DIRECTORY\n\n' + __doc__)
    with open(os.path.join(sys.argv[1], 'compile_commands.json'), encoding='utf-8') as file:
        sources = {entry['file']: entry for entry in json.load(file)}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        said = [text for text in pool.map(look, sources.values()) if text]
    sys.stderr.write(''.join(said))
    print(f'{len(sources)} sources, {len(said)} with warnings')
    sys.exit(1 if said else 0)


main()
