// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Holdfast

/// Which objects are backed up by what a listing tells of them, which costs no request, and by their tags, which costs one
/// for each.
struct FilterOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp("Only objects of at least so many bytes, such as 10M.", valueName: "size"),
        transform: SizeArgument.parse)
    var minSize: SizeArgument?

    @Option(
        help: ArgumentHelp("Only objects of at most so many bytes, such as 1.5GiB.", valueName: "size"),
        transform: SizeArgument.parse)
    var maxSize: SizeArgument?

    @Option(
        help: ArgumentHelp(
            "Only objects changed since, 30d or 2026-11-23T08:00:00Z; an age counts from the moment that the backup shows.",
            valueName: "age"),
        transform: AgeArgument.parse)
    var newerThan: AgeArgument?

    @Option(
        help: ArgumentHelp("Only objects not changed since, likewise.", valueName: "age"), transform: AgeArgument.parse)
    var olderThan: AgeArgument?

    @Option(
        name: .customLong("storage-class"),
        help: ArgumentHelp("Only objects in this storage class, or another --storage-class.", valueName: "class"))
    var storageClasses: [String] = []

    @Option(
        name: .customLong("object-tag"),
        help: ArgumentHelp(
            "Only objects with this tag, or another --object-tag; a request for each object. A = or \\ in a name or value "
                + "is written \\= or \\\\.", valueName: "name[=value]"),
        transform: TagArgument.parse)
    var objectTags: [TagRule] = []

    @Option(
        name: .customLong("exclude-object-tag"),
        help: ArgumentHelp("No objects with this tag; a request for each object.", valueName: "name[=value]"),
        transform: TagArgument.parse)
    var excludedObjectTags: [TagRule] = []

    var filter: ObjectFilter {
        ObjectFilter(
            minSize: minSize?.bytes, maxSize: maxSize?.bytes, newerThan: newerThan?.text, olderThan: olderThan?.text,
            storageClasses: storageClasses, tags: objectTags, excludedTags: excludedObjectTags)
    }

    var isGiven: Bool { !filter.isEverything }

    func validate() throws {
        if let minSize, let maxSize, minSize.bytes > maxSize.bytes {
            throw ValidationError("no object is of at least --min-size and at most --max-size")
        }
        guard !storageClasses.contains("") else { throw ValidationError("a storage class has a name") }
    }
}

/// A size as it is written on the command line: `500`, `10M`, `1.5GiB`.
struct SizeArgument: Equatable, Sendable {
    let bytes: Int64

    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> SizeArgument {
        guard !argument.contains("/"), let bytes = RateText.bytesPerSecond(argument) else {
            throw ValidationError("write bytes, with a unit if need be: 500, 10M or 1.5GiB")
        }
        return SizeArgument(bytes: Int64(bytes))
    }
}

/// An age or a moment as it is written on the command line: `30d`, `2026-11-23T08:00:00Z`.
struct AgeArgument: Equatable, Sendable {
    /// As it was written; moments in one way.
    let text: String

    /// - Throws: `ValidationError`, which says how it is written.
    static func parse(_ argument: String) throws -> AgeArgument {
        if let date = try? Date(argument, strategy: .iso8601) { return AgeArgument(text: TimeText.iso(date)) }
        do {
            return AgeArgument(text: try RetentionSpan(argument).description)
        } catch {
            throw ValidationError(
                "write an age, 12h, 30d, 2w, 6m (months) or 1y, or a moment, 2026-11-23T08:00:00Z")
        }
    }
}
