// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

/// The program of `Documentation/recover-by-hand.md`, letter for letter: a test compares the two.
enum RecoveryProgram {
    static let text = #"""
        import hashlib, json, os, sqlite3, subprocess, sys, tarfile, tempfile

        archive, target = sys.argv[1:3]
        folder = os.path.dirname(archive) or "."

        def tar_stream(path):
            return subprocess.Popen(["zstd" if path.endswith(".zst") else "gzip", "-dc", path], stdout=subprocess.PIPE).stdout

        columns = "key, ordinal, is_latest, is_delete_marker, size, etag, last_modified, sha256, member, extents, position, archive"

        def read_catalog(path):
            file = tempfile.NamedTemporaryFile()
            with tarfile.open(fileobj=tar_stream(path), mode="r|") as tar:
                for member in tar:
                    if member.name == ".holdfast/catalog.db":
                        file.write(tar.extractfile(member).read())
            file.flush()
            catalog = sqlite3.connect(file.name)
            base = catalog.execute("select value from info where name = 'base.archive'").fetchone()
            if base:  # it has only what changed since the catalog of that archive
                earlier = read_catalog(os.path.join(folder, base[0].removesuffix(".age")))
                names = {0: base[0], **dict(earlier.execute("select id, name from archives"))}
                numbers = {name: number for number, name in catalog.execute("select id, name from archives")}
                gone = set(catalog.execute("select key, ordinal from tombstones union select key, ordinal from objects"))
                for row in earlier.execute(f"select {columns} from objects"):
                    if row[:2] not in gone:
                        catalog.execute(f"insert into objects({columns}) values (?,?,?,?,?,?,?,?,?,?,?,?)", (*row[:-1], numbers[names[row[-1]]]))
            return catalog

        catalog = read_catalog(archive)
        for number, name in [(0, archive)] + [(n, os.path.join(folder, a.removesuffix(".age"))) for n, a in catalog.execute("select id, name from archives")]:
            stream, position, last = tar_stream(name), 0, None
            rows = "select key, member, size, sha256, extents from objects where archive = ? and is_latest and not is_delete_marker order by position"
            for key, member, size, sha256, extents in catalog.execute(rows, (number,)):
                if extents != last:  # else the bytes of another object, which was stored once
                    content, last = b"", extents
                    for _, offset, length in json.loads(extents):
                        stream.read(offset - position)
                        content += stream.read(length)
                        position = offset + length
                assert len(content) == size and hashlib.sha256(content).digest() == sha256, key
                path = os.path.join(target, os.fsdecode(member))
                try:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    open(path, "xb").write(content)
                except OSError:  # a file where a folder must be: both come from different archives
                    open(os.path.join(target, "key-" + key.hex()), "xb").write(content)

        """#
}
