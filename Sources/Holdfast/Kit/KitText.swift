// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The kit's page: for somebody who has never heard of Holdfast, has a shell, and is in a hurry.
struct KitText {
    let contents: KitContents

    var text: String {
        ([head, places, keys] + [steps] + contents.backups.map(section) + [layout]).joined(separator: "\n") + "\n"
    }

    private var head: String {
        let source = contents.source.map { " of the buckets at \($0)" } ?? ""
        let unreachable = contents.unreachable.map {
            "\n**\($0.label) could not be asked when this was written:** \($0.problem)\n"
        }.joined()
        return """
            # Bringing the backups back

            Written \(TimeText.iso(contents.made)) by holdfast \(contents.holdfastVersion). This folder tells where the backups\(source) are and how to bring them
            back with `tar`, `age`, `python3` and nothing else. It holds no secrets: you need the right to read one of the places below, and for
            files that end in `.age` the identity (a file with a line `AGE-SECRET-KEY-1…`) or the passphrase.

            With the program itself it is shorter: `holdfast restore NAME --to BUCKET`.
            \(unreachable)
            """
    }

    private var places: String {
        let rows = contents.places.map { place in
            if let directory = place.directory { return "- the directory `\(directory)`" }
            if let bucket = place.bucket, let endpoint = place.endpoint {
                return "- the bucket `\(bucket)` at `\(endpoint)` (S3)"
            }
            return "- \(place.label)"
        }
        return """
            ## Where they are

            \(rows.joined(separator: "\n"))

            Each place is laid out the same and holds the same files; take the one that is still there. Backups are files below `buckets/`. A backup
            may need files of earlier backups: they are named with it.

            """
    }

    private var keys: String {
        guard !contents.recipients.isEmpty else { return "" }
        return """
            ## Keys

            New backups are sealed to these public keys (or to a passphrase, where it says so). Who has the identity of any one of them can open what is sealed to it:

            \(contents.recipients.map { "- `\($0)`" }.joined(separator: "\n"))

            """
    }

    private var steps: String {
        let older =
            contents.olderCount > 0
            ? "\nNot listed: \(contents.olderCount) older backups, which are files below `buckets/` as well.\n" : ""
        return """
            ## Step by step

            1. Make an empty directory with room for the archives and for what is in them, copy `recover.py` and `SHA256SUMS` of this folder into it, and go there.
            2. Sealed backups: put the identity there too, as `identity.txt`, readable by you alone.
            3. Find the backup below, and run the commands that stand with it. They fetch the files, compare them with the checksums that are known, open
               sealed ones, and write each object into a folder of the backup's name.
            4. Files are named as the keys were. Keys that cannot be file names lie below `.holdfast/keys/`, percent-encoded, or are named `key-` and the key
               in hexadecimal digits.

            The times are UTC.
            \(older)
            """
    }

    private func section(_ backup: KitContents.Backup) -> String {
        let needed = archives(of: backup)
        var facts = ["bucket \(backup.bucket ?? "unknown")", TimeText.iso(backup.time)]
        if let count = backup.objectCount { facts.append("\(count) objects") }
        if let bytes = backup.totalBytes { facts.append("\(bytes) bytes") }
        facts.append(
            backup.complete == true
                ? "complete" : backup.complete == false ? "NOT COMPLETE" : "does not say whether it is complete")
        let files = needed.map { archive in
            let seal = archive.sealedTo.map { "; sealed to \($0.joined(separator: ", "))" } ?? ""
            let sum = archive.sha256.map { "SHA-256 `\($0)`" } ?? "SHA-256 not known here"
            return "- `\(archive.file)`, \(archive.size) bytes, \(sum)\(seal)"
        }
        let unknown =
            backup.dependsOn == nil
            ? "\nWhether it needs other files is not known here: its `.backup_metadata.json` says so in `depends_on`.\n"
            : ""
        let absent = (backup.dependsOn ?? []).filter { name in !needed.contains { $0.file == name } }
        let missing =
            absent.isEmpty ? "" : "\n**Not found when this was written: \(absent.joined(separator: ", ")).**\n"
        return """
            ## \(backup.name)

            \(facts.joined(separator: ", "))

            \(files.joined(separator: "\n"))
            \(unknown)\(missing)
            ```sh
            \(commands(backup, needed).joined(separator: "\n"))
            ```

            """
    }

    /// Its own and those that it needs.
    private func archives(of backup: KitContents.Backup) -> [KitContents.Archive] {
        let names = [backup.file] + (backup.dependsOn ?? [])
        return contents.archives.filter { names.contains($0.file) }
    }

    private func commands(_ backup: KitContents.Backup, _ archives: [KitContents.Archive]) -> [String] {
        var lines = archives.map(fetch)
        for archive in archives where archive.sha256 != nil {
            lines.append("awk '$2 == \"\(archive.file)\"' SHA256SUMS | sha256sum -c -")
        }
        for archive in archives where archive.sealedTo != nil {
            let identity = archive.sealedTo == ["a passphrase"] ? "" : "-i identity.txt "
            lines.append("age -d \(identity)-o \(Self.opened(archive.file)) \(archive.file)")
        }
        // Names have no character that a shell would take for its own; they are checked wherever they come from.
        lines.append("mkdir \(backup.name)")
        lines.append("python3 recover.py \(Self.opened(backup.file)) \(backup.name)")
        return lines
    }

    private func fetch(_ archive: KitContents.Archive) -> String {
        let held = contents.places.filter { archive.copies.contains($0.label) }
        let ways = held.compactMap { place -> String? in
            if let directory = place.directory { return "cp \(Self.quoted(directory + "/buckets/" + archive.file)) ." }
            guard let bucket = place.bucket, let endpoint = place.endpoint else { return nil }
            return
                "aws --endpoint-url \(Self.quoted(endpoint)) s3 cp \(Self.quoted("s3://\(bucket)/buckets/\(archive.file)")) ."
        }
        guard let first = ways.first else { return "# \(archive.file) must be brought here" }
        return ([first] + ways.dropFirst().map { "# or: \($0)" }).joined(separator: "\n")
    }

    private static func opened(_ file: String) -> String { file.hasSuffix(".age") ? String(file.dropLast(4)) : file }

    /// One word for a shell.
    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

    private var layout: String {
        """
        ## What is in an archive

        An archive is a tar file: `tar --warning=no-unknown-keyword -xzf NAME.tar.gz` (`--zstd` for `.tar.zst`) extracts what lies in that one file. For a backup that
        needs no other file, that is all of it. `.holdfast/catalog.db` is an SQLite database of every object of the backup, with headers, metadata, tags and SHA-256:

            sqlite3 .holdfast/catalog.db "select cast(key as text), size, hex(sha256), headers, metadata from objects"

        `recover.py` reads that database, takes each object from the archive in which it lies, and compares it with its SHA-256. Where a file must have the name
        of a folder, it is written as `key-` and the key in hexadecimal digits.
        """
    }
}
