/// What went wrong, as `application/problem+json` (RFC 9457).
public struct ProblemDocument: Codable, Hashable, Sendable {
    /// Which member of the body, parameter or header is at fault, and why.
    public struct FieldError: Codable, Hashable, Sendable {
        public var field: String
        public var detail: String

        public init(field: String, detail: String) {
            self.field = field
            self.detail = detail
        }
    }

    /// A URI that names the kind of problem.
    public var type: String
    public var title: String
    public var status: Int
    /// The sentence for the person who asked.
    public var detail: String
    /// The refusal's name; programs go by it.
    public var code: String
    public var errors: [FieldError]?
    /// The scope that the API token lacks, where that is the reason.
    public var scope: String?

    public init(
        type: String,
        title: String,
        status: Int,
        detail: String,
        code: String,
        errors: [FieldError]? = nil,
        scope: String? = nil
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.code = code
        self.errors = errors
        self.scope = scope
    }
}

/// One page of a listing.
public struct List<Item: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
    public var items: [Item]
    /// The cursor of the next page; null on the last.
    @Nullable public var next: String?

    public init(items: [Item], next: String?) {
        self.items = items
        self.next = next
    }
}
