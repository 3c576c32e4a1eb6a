extension Migration {
    /// What witnesses have signed of our checkpoints.
    static let cosignatures = Migration(
        number: 33,
        name: "cosignatures",
        sqlite: """
            CREATE TABLE cosignature (
                log TEXT NOT NULL,
                size INTEGER NOT NULL CHECK (size >= 0),
                witness TEXT NOT NULL CHECK (length(witness) > 0),
                line TEXT NOT NULL CHECK (length(line) > 0),
                PRIMARY KEY (log, size, witness)
            ) STRICT;

            CREATE INDEX cosignature_by_witness ON cosignature (witness, log, size);
            """
    )
}
