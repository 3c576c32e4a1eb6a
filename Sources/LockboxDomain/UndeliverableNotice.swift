/// A letter that a mail server refused for good.
public struct UndeliverableNotice: Hashable, Sendable {
    public let tenant: TenantID
    /// Nil where the letter was about no request.
    public let request: AccessRequestID?
    public let recipient: PersonID
    public let kind: String

    public init(tenant: TenantID, request: AccessRequestID?, recipient: PersonID, kind: String) {
        self.tenant = tenant
        self.request = request
        self.recipient = recipient
        self.kind = kind
    }
}
