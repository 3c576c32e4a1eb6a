/// One thing that somebody does at a protected service with a credential: a web request, a
/// statement of SQL.
public struct ServiceOperation: Hashable, Sendable {
    /// What was done, in the service's own terms.
    public enum Form: Hashable, Sendable {
        /// A web request. `target` is its path with the query, as the service sees it; nil where
        /// nobody told.
        case request(method: String, target: String?)
        /// A statement, the database that it was run in, and what the server says to it (values of
        /// parameters, …), where that is known.
        case statement(String, database: String? = nil, detail: String? = nil)
    }

    /// Without credentials, and no longer than the limits say.
    public let form: Form
    /// Whether it may have changed something.
    public let isWrite: Bool
    /// Of the whole path or statement in bytes of UTF-8, where only its beginning is kept.
    public let length: Int?

    /// `length` is that of the whole path or statement, where `form` has only its beginning.
    public init(_ form: Form, isWrite: Bool, length: Int? = nil) {
        self.isWrite = isWrite
        switch form {
        case .request(let method, let target):
            self.form = .request(
                method: method.kept(Limits.methodBytes),
                target: target?.kept(Limits.operationBytes)
            )
            self.length = length ?? target?.lengthBeyond(Limits.operationBytes)
        case .statement(let text, let database, let detail):
            self.form = .statement(
                text.kept(Limits.operationBytes),
                database: database?.kept(Limits.databaseBytes),
                detail: detail?.kept(Limits.operationBytes)
            )
            self.length = length ?? text.lengthBeyond(Limits.operationBytes)
        }
    }

    /// What it was done to, as totals count it: the path without its query, or the first word of a
    /// statement.
    public var subject: String {
        // Scalars: a mark that combines with the question mark would hide it.
        let whole: Substring.UnicodeScalarView
        switch form {
        case .request(_, let target):
            whole = (target ?? "")[...].unicodeScalars.prefix { $0 != "?" && $0 != "#" }
        case .statement(let text, _, _):
            whole = text[...].unicodeScalars.drop { $0.properties.isWhitespace }
                .prefix { $0.properties.isAlphabetic }
        }
        return Text.visible(whole.prefix(Limits.subjectScalars))
    }
}

extension String {
    /// The longest beginning of whole scalars that has at most `bytes` bytes, without credentials.
    fileprivate func kept(_ bytes: Int) -> String {
        guard utf8.count > bytes else { return withoutCredentials }
        var (beginning, size) = (UnicodeScalarView(), 0)
        for scalar in unicodeScalars {
            size += UTF8.width(scalar)
            if size > bytes { break }
            beginning.append(scalar)
        }
        return String(beginning).withoutCredentials
    }

    fileprivate func lengthBeyond(_ bytes: Int) -> Int? {
        let length = utf8.count
        return length > bytes ? length : nil
    }
}

/// Operations of one grant at one service that become one record of the log.
public struct OperationBatch: Hashable, Sendable {
    public let tenant: TenantID
    public let request: AccessRequestID
    public let grant: GrantID
    public let engineer: PersonID
    public let service: ServiceID
    /// When the first and the last of them were recorded; when each was done is in its line.
    public let first: Timestamp
    public let last: Timestamp
    public let reads: Int
    public let writes: Int
    /// Each operation as a line of canonical JSON, in the order in which they were recorded.
    public let lines: String

    public init(
        tenant: TenantID,
        request: AccessRequestID,
        grant: GrantID,
        engineer: PersonID,
        service: ServiceID,
        first: Timestamp,
        last: Timestamp,
        reads: Int,
        writes: Int,
        lines: String
    ) {
        self.tenant = tenant
        self.request = request
        self.grant = grant
        self.engineer = engineer
        self.service = service
        self.first = first
        self.last = last
        self.reads = reads
        self.writes = writes
        self.lines = lines
    }
}

/// How much was done to one thing with a grant, counted from the batches.
public struct OperationTotal: Hashable, Sendable {
    public let service: ServiceID
    /// Nil for everything beyond the first `Limits.subjectsPerGrant`, and for what nobody told.
    public let subject: String?
    public let reads: Int
    public let writes: Int

    public init(service: ServiceID, subject: String?, reads: Int, writes: Int) {
        self.service = service
        self.subject = subject
        self.reads = reads
        self.writes = writes
    }
}
