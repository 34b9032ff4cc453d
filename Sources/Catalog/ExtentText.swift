// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The JSON text of a list of extents: `[[archive,offset,length],…]`.
enum ExtentText {
    /// `nil` for an empty list.
    static func encode(_ extents: [Extent]) -> String? {
        guard !extents.isEmpty else { return nil }
        var text = "["
        for (index, extent) in extents.enumerated() {
            text += index == 0 ? "[" : ",["
            text += "\(extent.archive),\(extent.offset),\(extent.length)]"
        }
        text += "]"
        return text
    }

    /// `nil` when the text is not a list of extents.
    static func decode(_ text: String) -> [Extent]? {
        var text = text
        return text.withUTF8 { bytes in
            var scanner = JSONScanner(bytes)
            var extents: [Extent] = []
            guard scanner.take("[") else { return nil }
            if !scanner.take("]") {
                repeat {
                    guard scanner.take("["), let archive = scanner.number(), scanner.take(","),
                        let offset = scanner.number(), scanner.take(","), let length = scanner.number(),
                        scanner.take("]")
                    else { return nil }
                    extents.append(Extent(archive: Int(archive), offset: offset, length: length))
                } while scanner.take(",")
                guard scanner.take("]") else { return nil }
            }
            return scanner.isAtEnd ? extents : nil
        }
    }
}
