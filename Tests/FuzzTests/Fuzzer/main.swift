// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import CFuzzer
import Foundation

// holdfast-fuzz --parser=NAME [OPTION OF libFuzzer | CORPUS]...; libFuzzer itself passes over options of two dashes.
guard Feeding.parser != nil else {
    print("usage: holdfast-fuzz --parser=\(ForeignBytes.allCases.map(\.rawValue).joined(separator: "|")) …")
    exit(2)
}
var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments) { Feeding.feed($0, $1) })
