#!/usr/bin/env bash
# Copyright the Holdfast authors
# SPDX-License-Identifier: Apache-2.0
#
# lint.sh: swift-format in strict mode over all Swift sources; the syntax of the shell and Python scripts.

. "$(dirname "$0")/common.sh"
cd "$repository"

status=0
swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks || status=1
while IFS= read -r script; do
    bash -n "$script" || status=1
done < <(find Scripts -name '*.sh'; echo .ci/run)
# Parsed, not compiled: no __pycache__ is left behind.
find Scripts -name '*.py' -exec python3 -c '
import ast, sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as source:
        ast.parse(source.read(), path)
' {} + || status=1
exit "$status"
