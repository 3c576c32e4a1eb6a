import CLibpq

/// What a statement gave. Rows and columns count from 0.
package final class LibpqResult {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var isCopy: Bool {
        [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(PQresultStatus(result))
    }

    /// Itself, unless the server refused.
    func checked() throws -> LibpqResult {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: return self
        case PGRES_FATAL_ERROR:
            throw PostgresError.refused(code: field("C"), message: field("M"))
        default: throw PostgresError.strange
        }
    }

    /// `PG_DIAG_SQLSTATE` and its like are characters.
    private func field(_ name: Unicode.Scalar) -> String {
        PQresultErrorField(result, Int32(name.value)).map { String(cString: $0) } ?? ""
    }

    /// What was done, such as `COMMIT`.
    package var command: String { String(cString: PQcmdStatus(result)) }
    /// Rows that the statement inserted, updated or deleted itself.
    package var changedRows: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }
    /// Rows of the answer.
    package var rowCount: Int { Int(PQntuples(result)) }
    /// Columns of the answer.
    package var columnCount: Int { Int(PQnfields(result)) }

    /// The name of a column, empty for one that is not there.
    package func name(ofColumn column: Int) -> String {
        PQfname(result, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// The OID of a column's type.
    package func type(ofColumn column: Int) -> UInt32 { PQftype(result, Int32(column)) }

    /// What stands there, as it came; nil for NULL. Valid while the result is.
    package func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
        let (row, column) = (Int32(row), Int32(column))
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column),
            count: Int(PQgetlength(result, row, column))
        )
    }

    /// What stands there in an answer of text; nil for NULL.
    package func text(_ row: Int, _ column: Int) -> String? {
        bytes(row, column).map { String(decoding: $0, as: UTF8.self) }
    }
}
