#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The slipway authors
#
# one_object.sh LD OBJCOPY AR ARCHIVE RESULT: an archive of one object, in which hidden names are local

set -e
object=${5%.a}.o
"$1" -r --whole-archive "$4" -o "$object"
"$2" --localize-hidden "$object"
rm -f "$5"
"$3" rcsD "$5" "$object"
rm -f "$object"
