#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""The names of all unit tests of a build; or one of them, as `meson test -t 4` runs it, without
what meson takes to begin. Programs of another CPU are run by a command."""

import json
import os
import random
import sys

# A machine that does other things meanwhile needs longer than what meson.build says.
PATIENCE = 4
# And so does a CPU that is emulated.
PATIENCE_EMULATED = 16


def run(build, test, command):
    """Become that test."""
    patience = PATIENCE_EMULATED if command else PATIENCE
    env = dict(os.environ, **test['env'])
    # Memory that nobody has written to is never 0 by chance; not under the address sanitizer, which
    # has a way of its own.
    env.setdefault('MALLOC_PERTURB_', str(random.randint(1, 255)))
    print(f'{test["name"]}: MALLOC_PERTURB_={env["MALLOC_PERTURB_"]}', flush=True)
    os.chdir(test['workdir'] or build)
    os.execvpe('timeout', ['timeout', '-k', '5', str(patience * test['timeout'])] + command +
               test['cmd'], env)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ('-h', '--help'):
        sys.exit('Usage: devtools/unit-test.py BUILD-DIRECTORY [NAME [COMMAND...]]\n\n' + __doc__)
    with open(os.path.join(sys.argv[1], 'meson-info/intro-tests.json'), encoding='utf-8') as file:
        tests = {test['name']: test for test in json.load(file)}
    if len(sys.argv) == 2:
        print('\n'.join(tests))
    elif sys.argv[2] in tests:
        run(sys.argv[1], tests[sys.argv[2]], sys.argv[3:])
    else:
        sys.exit(f'no unit test {sys.argv[2]!r}')


main()
