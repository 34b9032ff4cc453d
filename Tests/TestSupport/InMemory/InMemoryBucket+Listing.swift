// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

extension InMemoryBucket {
    func list(_ query: ListQuery) throws -> ListPage {
        let limit = min(max(1, query.limit), options.pageLimit)
        var page = ListPage()
        var index = try startOfPage(query)
        var last = ""
        while index < sortedKeys.count, sortedKeys[index].bytes.starts(with: query.prefix) {
            let key = sortedKeys[index]
            guard let current = versions[key]?.first, !current.isDeleteMarker else {
                index += 1
                continue
            }
            if page.objects.count + page.commonPrefixes.count == limit {
                page.continuation = last
                return page
            }
            if let common = commonPrefix(of: key.bytes, query.prefix, query.delimiter) {
                page.commonPrefixes.append(common)
                last = "p" + hexadecimal(common)
                index = end(of: common)
            } else {
                var info = info(current, of: key)
                info.version = nil
                page.objects.append(info)
                last = "k" + hexadecimal(key.bytes)
                index += 1
            }
        }
        return page
    }

    func listVersions(_ query: VersionQuery) throws -> VersionPage {
        guard options.hasVersioning else {
            throw ObjectStoreError(.notImplemented, "no versioning", status: 501, serverCode: "NotImplemented")
        }
        let limit = min(max(1, query.limit), options.pageLimit)
        var page = VersionPage()
        var (index, row) = startOfPage(query)
        var last: VersionMarker?
        while index < sortedKeys.count, sortedKeys[index].bytes.starts(with: query.prefix) {
            let key = sortedKeys[index]
            if page.versions.count + page.commonPrefixes.count == limit {
                page.marker = last
                return page
            }
            if let common = commonPrefix(of: key.bytes, query.prefix, query.delimiter) {
                page.commonPrefixes.append(common)
                last = VersionMarker(key: common, version: nil)
                (index, row) = (end(of: common), 0)
                continue
            }
            let all = versions[key] ?? []
            guard row < all.count else {
                (index, row) = (index + 1, 0)
                continue
            }
            var info = info(all[row], of: key)
            info.version = all[row].id
            page.versions.append(
                ObjectVersion(info: info, isLatest: row == 0, isDeleteMarker: all[row].isDeleteMarker))
            last = VersionMarker(key: key.bytes, version: all[row].id.rawValue)
            row += 1
            if row == all.count { (index, row) = (index + 1, 0) }
        }
        return page
    }

    private func startOfPage(_ query: ListQuery) throws -> Int {
        guard let token = query.continuation else {
            return firstIndex { !precedes($0.bytes, query.prefix) }
        }
        guard let position = bytes(hexadecimal: token.dropFirst()) else {
            throw ObjectStoreError(
                .badRequest, "no continuation token of this server: \(token)", status: 400,
                serverCode: "InvalidArgument")
        }
        if token.hasPrefix("p") { return end(of: position) }
        return firstIndex { precedes(position, $0.bytes) }
    }

    private func startOfPage(_ query: VersionQuery) -> (index: Int, row: Int) {
        guard let marker = query.marker else {
            return (firstIndex { !precedes($0.bytes, query.prefix) }, 0)
        }
        if let id = marker.version {
            let index = firstIndex { !precedes($0.bytes, marker.key) }
            if let row = versions[ObjectKey(marker.key)]?.firstIndex(where: { $0.id.rawValue == id }) {
                return (index, row + 1)
            }
        } else if let delimiter = query.delimiter, marker.key.suffix(delimiter.utf8.count).elementsEqual(delimiter.utf8)
        {
            return (end(of: marker.key), 0)
        }
        return (firstIndex { precedes(marker.key, $0.bytes) }, 0)
    }

    /// The index after the keys that begin with `prefix`. They stand together in either order, because both
    /// compare byte by byte.
    private func end(of prefix: [UInt8]) -> Int {
        firstIndex { !$0.bytes.starts(with: prefix) && precedes(prefix, $0.bytes) }
    }

    private func commonPrefix(of key: [UInt8], _ prefix: [UInt8], _ delimiter: String?) -> [UInt8]? {
        guard let delimiter, !delimiter.isEmpty else { return nil }
        let sought = Array(delimiter.utf8)
        var start = prefix.count
        while start + sought.count <= key.count {
            if key[start..<(start + sought.count)].elementsEqual(sought) {
                return Array(key[..<(start + sought.count)])
            }
            start += 1
        }
        return nil
    }
}
