// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Holdfast
import SystemPackage

/// Archives as the older system made them: a folder, packed by Python's `tarfile` below `./`.
struct LegacyArchive {
    let scene: Scene

    /// Packs files, given by their paths.
    ///
    /// - Parameter metadata: whether the older system's JSON document is among them, as its newer versions wrote it.
    func make(_ name: String, files: [String: String], metadata: Bool) async throws {
        let staging = scene.root.appending("staging-\(name)")
        for (path, content) in files {
            let file = staging.appending(path)
            try FileManager.default.createDirectory(
                atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
            try write(content.utf8, to: file)
        }
        if metadata {
            let bytes = files.values.reduce(0) { $0 + $1.utf8.count }
            try write(
                """
                {
                  "bucket_name": "diagrams",
                  "backup_name": "\(name)",
                  "timestamp": "2024-05-06T07:08:09.123456",
                  "object_count": \(files.count),
                  "total_size_bytes": \(bytes),
                  "include_versions": false
                }
                """.utf8, to: staging.appending(".backup_metadata.json"))
        }
        try await make(name, script: "t.add('\(staging.string)', arcname='.')")
    }

    /// Packs what a Python script adds to the open `tarfile` `t`.
    func make(_ name: String, script: String) async throws {
        try await scene.directoryCopy.prepare()
        let file = scene.archives.appending("\(name).tar.gz")
        try await Tool(name: "python3", directory: scene.root).run(
            "-c",
            """
            import io, tarfile
            def member(name, content=b'', **fields):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                for field, value in fields.items():
                    setattr(info, field, value)
                t.addfile(info, io.BytesIO(content))
            with tarfile.open('\(file.string)', 'w:gz') as t:
                \(script.replacing("\n", with: "\n    "))
            """)
    }
}
