/// A letter that a mail server refused for good, or reported undelivered later.
public struct UndeliverableNotice: Hashable, Sendable {
    public let tenant: TenantID
    /// Nil where the letter was about no request.
    public let request: AccessRequestID?
    public let recipient: PersonID
    public let kind: String
    /// The mail server's last words; not for the log.
    public let reply: String?
    /// Whether its recipient has another address by now; not for the log.
    public let wasToFormerAddress: Bool

    public init(
        tenant: TenantID,
        request: AccessRequestID?,
        recipient: PersonID,
        kind: String,
        reply: String? = nil,
        wasToFormerAddress: Bool = false
    ) {
        self.tenant = tenant
        self.request = request
        self.recipient = recipient
        self.kind = kind
        self.reply = reply
        self.wasToFormerAddress = wasToFormerAddress
    }
}
