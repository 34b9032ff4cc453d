// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

#ifndef HOLDFAST_CFUZZER_H
#define HOLDFAST_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/* LLVM, "libFuzzer", section "Using libFuzzer as a library". */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
