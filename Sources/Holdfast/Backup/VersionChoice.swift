// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// Decides which keys of a listing are wanted for what it tells of them: by the newest version that has content, so that a
/// history is taken whole or not at all. A part of one would come back as something that never was.
///
/// Memory: the delete markers on top of one key.
struct VersionChoice: Sendable {
    private var key: [UInt8]?
    private var isWanted: Bool?
    /// Of the key, before its newest version.
    private var markers: [VersionOrder.Row] = []

    /// Those of the next rows by which their keys will be judged.
    func deciding(_ rows: [VersionOrder.Row]) -> [VersionOrder.Row] {
        var asked: [VersionOrder.Row] = []
        var copy = self
        _ = copy.wanted(rows) { row in
            asked.append(row)
            return true
        }
        return asked
    }

    /// The wanted ones of the next rows, which come key by key, newest first.
    mutating func wanted(
        _ rows: [VersionOrder.Row], _ test: (VersionOrder.Row) -> Bool
    ) -> [VersionOrder.Row] {
        var chosen: [VersionOrder.Row] = []
        for row in rows {
            if row.info.key.bytes != key {
                key = row.info.key.bytes
                isWanted = nil
                markers = []
            }
            guard let known = isWanted else {
                if row.place.isDeleteMarker {
                    markers.append(row)
                    continue
                }
                let verdict = test(row)
                isWanted = verdict
                if verdict { chosen += markers + [row] }
                markers = []
                continue
            }
            if known { chosen.append(row) }
        }
        return chosen
    }
}
