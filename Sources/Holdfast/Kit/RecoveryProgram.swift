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

        columns = "key, ordinal, is_latest, is_delete_marker, size, etag, last_modified, sha256, member, position, archive, extents"

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
                        extents = [[numbers[names[number]], *place] for number, *place in json.loads(row[-1])]
                        catalog.execute(f"insert into objects({columns}) values (?,?,?,?,?,?,?,?,?,?,?,?)", (*row[:-2], extents[0][0], json.dumps(extents)))
            return catalog

        catalog = read_catalog(archive)
        catalog.execute("create temp table pieces(archive, start, length, path, place)")
        catalog.execute("create temp table files(path, size, sha256)")
        for key, member, size, sha256, extents in catalog.execute(
            "select key, member, size, sha256, extents from objects where is_latest and not is_delete_marker"):
            path = os.path.join(target, os.fsdecode(member))
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                open(path, "xb").close()
            except OSError:  # a file where a folder must be: both come from different archives
                path = os.path.join(target, "key-" + key.hex())
                open(path, "xb").close()
            catalog.execute("insert into files values (?,?,?)", (os.fsencode(path), size, sha256))
            place = 0  # a large object may lie in several pieces, and in several archives
            for number, start, length in json.loads(extents):
                if length:
                    catalog.execute("insert into pieces values (?,?,?,?,?)", (number, start, length, os.fsencode(path), place))
                place += length

        for number, name in [(0, archive)] + [(n, os.path.join(folder, a.removesuffix(".age"))) for n, a in catalog.execute("select id, name from archives")]:
            rows = catalog.execute("select start, start + length, path, place from pieces where archive = ? order by start", (number,))
            row, wanted, position, stream = rows.fetchone(), [], 0, tar_stream(name)
            while row or wanted:  # bytes that several objects share are read once
                while row and row[0] == position:
                    wanted.append(row)
                    row = rows.fetchone()
                until = min([end for _, end, _, _ in wanted] + ([row[0]] if row else []))
                block = stream.read(min(until - position, 1 << 20))
                assert block, name + " breaks off"
                for start, _, path, place in wanted:
                    with open(path, "r+b") as file:
                        file.seek(place + position - start)
                        file.write(block)
                position += len(block)
                wanted = [piece for piece in wanted if piece[1] > position]

        for path, size, sha256 in catalog.execute("select path, size, sha256 from files"):
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
            assert os.path.getsize(path) == size and digest.digest() == sha256, path

        """#
}
