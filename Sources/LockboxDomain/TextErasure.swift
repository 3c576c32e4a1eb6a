/// Texts of a tenant's log that go for good, each with its salt and with every row that repeats it
/// (GDPR, article 17). That they went, when, by whom and why stays.
public struct TextErasure: Hashable, Sendable {
    /// Why they go.
    public enum Cause: Hashable, Sendable {
        /// An administrator wants it, for this reason.
        case asked(reason: String)
        /// They are older than the tenant's rules keep them.
        case retention(TimeSpan)
    }

    /// Texts of one record.
    public struct Texts: Hashable, Sendable {
        /// The record's place in the log.
        public let index: UInt64
        /// Their names, in order.
        public let fields: [String]
        /// What the record is about; its rows repeat the texts.
        public let request: AccessRequestID?
        public let supportRequest: SupportRequestNumber?

        /// `fields` in any order.
        public init(
            index: UInt64,
            fields: [String],
            request: AccessRequestID?,
            supportRequest: SupportRequestNumber?
        ) {
            self.index = index
            self.fields = fields.sorted()
            self.request = request
            self.supportRequest = supportRequest
        }
    }

    public let tenant: TenantID
    /// In order of their places.
    public let texts: [Texts]
    public let cause: Cause
    /// Whose name and addresses go from the directory too: somebody who was switched off.
    public let person: PersonID?

    /// `texts` in order of their places.
    public init(tenant: TenantID, texts: [Texts], cause: Cause, person: PersonID? = nil) {
        self.tenant = tenant
        self.texts = texts
        self.cause = cause
        self.person = person
    }
}

/// What stands where an erased text stood, in rows that cannot be without one.
public enum ErasedText {
    public static let mark = "(erased)"

    /// The resource at `place` of a scope whose names are erased. In the order that they had, each
    /// differs from the others.
    public static func resource(_ resource: Resource, at place: Int) -> Resource? {
        let number = place < 10 ? "0\(place)" : "\(place)"
        return Resource(service: resource.service, name: "\(resource.type):erased-\(number)")
    }

    /// The address of `person`, whose own is erased. No mail goes to it (RFC 2606, section 2).
    public static func address(of person: PersonID) -> EmailAddress? {
        EmailAddress("\(person.text.lowercased())@erased.invalid")
    }

    /// Whether `text` stands for an erased one.
    public static func isMark(_ text: String) -> Bool {
        text == mark || text.split(separator: ":").last?.hasPrefix("erased-") == true
    }
}

/// Which texts of a tenant's log somebody wants erased.
public enum TextSelection: Hashable, Sendable {
    /// Those of some records: these fields, or all.
    case records([UInt64], fields: [String]?)
    /// All that was recorded of an access request.
    case request(AccessRequestID)
    /// All that was recorded of a support request; not of the access requests about it.
    case supportRequest(SupportRequestNumber)
    /// What somebody did or what was done to her, and each text that holds an address of hers.
    case person(PersonID)
    /// What is older than this and belongs to nothing that ended later.
    case before(Timestamp)
}
