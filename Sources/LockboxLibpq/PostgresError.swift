/// Why a statement gave no result.
package enum PostgresError: Error {
    /// There is no connection, or none any more. The words name no address.
    case unreachable(String)
    /// Nothing was heard for as long as one waits.
    case silent
    /// The server said no: its SQLSTATE and message.
    case refused(code: String, message: String)
    /// Something that this side did not ask for.
    case strange

    // SQLSTATEs (PostgreSQL's manual, appendix A): undefined_object,
    // object_not_in_prerequisite_state, internal_error.
    /// What a statement names is not there.
    package static let notThere = "42704"
    /// What a statement names is in use.
    package static let inUse = "55000"
    /// Two statements met that cannot both be carried out.
    package static let internalError = "XX000"
}
