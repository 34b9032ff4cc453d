// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// Columns of text under headings, as narrow as their content.
struct Table {
    /// Which side of its column a value keeps to.
    enum Side { case left, right }

    private let sides: [Side]
    private var rows: [[String]]

    init(_ columns: [(heading: String, side: Side)]) {
        sides = columns.map(\.side)
        rows = [columns.map(\.heading)]
    }

    /// Adds a row of as many values as there are columns.
    mutating func add(_ values: [String]) {
        rows.append(values.map { PrintableText.printable($0) })
    }

    /// The lines, without blanks at their ends.
    var lines: [String] {
        let widths = sides.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = sides.indices.map { column -> String in
                let blanks = String(repeating: " ", count: widths[column] - row[column].count)
                return sides[column] == .left ? row[column] + blanks : blanks + row[column]
            }
            let line = cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
