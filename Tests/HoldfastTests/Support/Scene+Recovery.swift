// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import Testing

extension Scene {
    /// Where the program stands that recovers without Holdfast.
    static let recoveryPage = FilePath(#filePath).removingLastComponent().removingLastComponent()
        .removingLastComponent().removingLastComponent()
        .appending("Documentation").appending("recover-by-hand.md")

    /// Lets the program of the page recover an archive of the directory copy.
    ///
    /// - Returns: the folder with what it brought back.
    func recoverByHand(_ file: String) async throws -> FilePath {
        let page = try String(contentsOfFile: Self.recoveryPage.string, encoding: .utf8)
        let program = try #require(
            page.components(separatedBy: "```python\n").last?.components(separatedBy: "```").first)
        let script = root.appending("recover.py")
        try write(Array(program.utf8), to: script)
        let folder = root.appending("recovered")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        try await Tool(name: "python3", directory: root).run(
            script.string, archives.appending(file).string, folder.string)
        return folder
    }
}
