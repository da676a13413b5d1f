#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
"""The names of all unit tests of a build; or one of them, as `meson test -t 4` runs it, without
what meson takes to begin."""

import json
import os
import random
import sys

# A machine that does other things meanwhile needs longer than what meson.build says.
PATIENCE = 4


def run(build, test):
    """Become that test."""
    env = dict(os.environ, **test['env'])
    # Memory that nobody has written to is never 0 by chance; not under the address sanitizer, which
    # has a way of its own.
    env.setdefault('MALLOC_PERTURB_', str(random.randint(1, 255)))
    print(f'{test["name"]}: MALLOC_PERTURB_={env["MALLOC_PERTURB_"]}', flush=True)
    os.chdir(test['workdir'] or build)
    os.execvpe('timeout', ['timeout', '-k', '5', str(PATIENCE * test['timeout'])] + test['cmd'],
               env)


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] in ('-h', '--help'):
        sys.exit('Usage: devtools/unit-test.py BUILD-DIRECTORY [NAME]\n\n' + __doc__)
    with open(os.path.join(sys.argv[1], 'meson-info/intro-tests.json'), encoding='utf-8') as file:
        tests = {test['name']: test for test in json.load(file)}
    if len(sys.argv) == 2:
        print('\n'.join(tests))
    elif sys.argv[2] in tests:
        run(sys.argv[1], tests[sys.argv[2]])
    else:
        sys.exit(f'no unit test {sys.argv[2]!r}')


main()
