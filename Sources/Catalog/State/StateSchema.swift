// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of a ``StateDatabase``. Times are milliseconds since 1970, UTC.
///
/// A migration that was once released is never changed; what comes later is another one.
enum StateSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE tokens(
                        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL,
                        buckets TEXT, created INTEGER NOT NULL, expires INTEGER, last_used INTEGER, revoked INTEGER
                    );
                    CREATE TABLE audit(
                        sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
                        subject TEXT NOT NULL, outcome TEXT NOT NULL, correlation_id TEXT NOT NULL, hash BLOB NOT NULL
                    );
                    CREATE TABLE runs(
                        id TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, plan TEXT,
                        requester TEXT NOT NULL, correlation_id TEXT NOT NULL, state TEXT NOT NULL,
                        begun INTEGER NOT NULL, ended INTEGER, process INTEGER NOT NULL, message TEXT, report BLOB
                    );
                    CREATE INDEX runs_by_time ON runs(begun, id);
                    CREATE INDEX runs_by_plan ON runs(plan, begun) WHERE plan IS NOT NULL;
                    CREATE TABLE answers(
                        key BLOB PRIMARY KEY, created INTEGER NOT NULL, status INTEGER NOT NULL, type TEXT NOT NULL,
                        body BLOB NOT NULL
                    );
                    CREATE INDEX answers_by_time ON answers(created);
                    CREATE TABLE plans(
                        name TEXT PRIMARY KEY, paused INTEGER NOT NULL, due INTEGER, retry INTEGER,
                        attempts INTEGER NOT NULL, round INTEGER, remaining TEXT NOT NULL, process INTEGER,
                        last_begun INTEGER, last_success INTEGER, last_verified INTEGER, last_pruned INTEGER,
                        last_state TEXT, last_message TEXT
                    );
                    CREATE TABLE alerts(id TEXT PRIMARY KEY, body BLOB NOT NULL);
                    """)
        }
        return migrator
    }
}
