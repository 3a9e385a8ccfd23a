import GRDB

/// The tables, and how they came to be what they are. A migration that was released is never changed.
///
/// Statements are kept in wire form, whole: what was signed is what is handed on. Identifiers are blobs of 32 bytes,
/// short ones integers, times milliseconds since 1970, amounts bytes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 members, holdings, account") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("2 withdrawals, denials") { database in
            try database.execute(sql: second)
        }
        migrator.registerMigration("3 checksums") { database in
            try database.execute(sql: third)
        }
        migrator.registerMigration("4 leftovers") { database in
            try database.execute(sql: fourth)
        }
        migrator.registerMigration("5 withdrawals that had an effect") { database in
            try database.execute(sql: fifth)
        }
        migrator.registerMigration("6 owed withdrawals") { database in
            try database.execute(sql: sixth)
        }
        return migrator
    }

    private static let second = """
        -- The newest withdrawal of each publisher of a file.
        CREATE TABLE withdrawals (
            file BLOB NOT NULL CHECK (length(file) = 32),
            publisher BLOB NOT NULL CHECK (length(publisher) = 32),
            statement BLOB NOT NULL,
            PRIMARY KEY (file, publisher)
        ) STRICT, WITHOUT ROWID;

        -- What the operator wants neither held nor served here: files (1) and publishers (2).
        CREATE TABLE denials (
            kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
            id BLOB NOT NULL CHECK (length(id) = 32),
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        """

    private static let third = """
        -- row_sum of the table's name and the other columns, in their order.
        ALTER TABLE news ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE own_version ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE holdings ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE progress ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE certificates ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE withdrawals ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE denials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE invites ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        UPDATE news SET checksum = row_sum('news', subject, kind, issuer, statement);
        UPDATE certificates SET checksum = row_sum('certificates', subject, issuer, statement);
        UPDATE invites SET checksum = row_sum('invites', secret_hash, expires, uses_left);
        UPDATE holdings SET checksum = row_sum('holdings', file, manifest, is_own);
        UPDATE progress SET checksum = row_sum('progress', file, pieces, sha256);
        UPDATE withdrawals SET checksum = row_sum('withdrawals', file, publisher, statement);
        UPDATE denials SET checksum = row_sum('denials', kind, id);
        UPDATE own_version SET checksum = row_sum('own_version', id, version);
        UPDATE network SET checksum = row_sum('network', id, founder, key, certificate, card_version);

        -- Counts the states of the account; the account file beside the database names the same numbers.
        ALTER TABLE account ADD COLUMN number INTEGER NOT NULL DEFAULT 0 CHECK (number >= 0);
        ALTER TABLE account ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
        UPDATE account SET checksum =
            row_sum('account', id, starts, ends, serving, replication, overlay, answers, number);

        -- Rows that did not match their checksums, as SQL writes their values, for people to look at.
        CREATE TABLE damaged (
            source TEXT NOT NULL,
            content TEXT NOT NULL
        ) STRICT;
        """

    private static let first = """
        -- The newest card and departure of each member (issuer 0), and the newest verdict of each issuer about it.
        CREATE TABLE news (
            subject INTEGER NOT NULL,
            kind INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4)),
            issuer INTEGER NOT NULL,
            statement BLOB NOT NULL,
            PRIMARY KEY (subject, kind, issuer)
        ) STRICT, WITHOUT ROWID;

        -- The highest version this node ever gave a statement of its own.
        CREATE TABLE own_version (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            version INTEGER NOT NULL CHECK (version >= 0)
        ) STRICT;

        CREATE TABLE holdings (
            file BLOB PRIMARY KEY CHECK (length(file) = 32),
            manifest BLOB NOT NULL,
            is_own INTEGER NOT NULL CHECK (is_own IN (0, 1))
        ) STRICT;

        -- Apart from the holdings, so that progress does not rewrite the manifest.
        CREATE TABLE progress (
            file BLOB PRIMARY KEY CHECK (length(file) = 32) REFERENCES holdings (file) ON DELETE CASCADE,
            pieces BLOB NOT NULL,
            sha256 BLOB CHECK (length(sha256) = 32)
        ) STRICT;

        -- What is leased, and so counts as spent after a crash.
        CREATE TABLE account (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            starts INTEGER NOT NULL,
            ends INTEGER NOT NULL CHECK (ends > starts),
            serving INTEGER NOT NULL CHECK (serving >= 0),
            replication INTEGER NOT NULL CHECK (replication >= 0),
            overlay INTEGER NOT NULL CHECK (overlay >= 0),
            answers INTEGER NOT NULL CHECK (answers >= 0)
        ) STRICT;

        -- The network this node belongs to; without a certificate it is the founder.
        CREATE TABLE network (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            founder BLOB NOT NULL CHECK (length(founder) = 32),
            key BLOB NOT NULL CHECK (length(key) = 32),
            certificate BLOB,
            card_version INTEGER NOT NULL CHECK (card_version >= 0)
        ) STRICT;

        CREATE TABLE certificates (
            subject BLOB NOT NULL CHECK (length(subject) = 32),
            issuer BLOB NOT NULL CHECK (length(issuer) = 32),
            statement BLOB NOT NULL,
            PRIMARY KEY (subject, issuer)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE invites (
            secret_hash BLOB PRIMARY KEY CHECK (length(secret_hash) = 32),
            expires INTEGER NOT NULL,
            uses_left INTEGER NOT NULL CHECK (uses_left >= 0)
        ) STRICT;

        -- Who joined with which invite: asking again, after an answer was lost, costs no second use.
        CREATE TABLE redemptions (
            secret_hash BLOB NOT NULL REFERENCES invites (secret_hash) ON DELETE CASCADE,
            node BLOB NOT NULL CHECK (length(node) = 32),
            PRIMARY KEY (secret_hash, node)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE settings (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let fifth = """
        -- Whether a withdrawal took back a posting that was known here; of older ones nobody remembers. Rows that are damaged
        -- stay so.
        ALTER TABLE withdrawals ADD COLUMN is_effective INTEGER NOT NULL DEFAULT 0 CHECK (is_effective IN (0, 1));
        UPDATE withdrawals SET checksum = row_sum('withdrawals', file, publisher, statement, is_effective)
            WHERE checksum = row_sum('withdrawals', file, publisher, statement);
        """

    private static let sixth = """
        -- Withdrawals of what was posted here for longer than what replaced it, as long as they are not signed.
        CREATE TABLE owed_withdrawals (
            file BLOB PRIMARY KEY CHECK (length(file) = 32),
            publisher BLOB NOT NULL CHECK (length(publisher) = 32),
            statement BLOB NOT NULL,
            checksum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    private static let fourth = """
        -- Files whose bytes may lie here without a record, and are nobody's then: posted or removed as the node ended.
        CREATE TABLE leftovers (
            file BLOB PRIMARY KEY CHECK (length(file) = 32)
        ) STRICT, WITHOUT ROWID;
        """
}
