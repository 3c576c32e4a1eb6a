// The name by which a service knows one resource of a grant: `lbx-7k3m9qpxab-1` (decision 0009).

extension Grant {
    /// What every login name begins with, and no name of a service's own people should.
    public static let loginNamePrefix = "lbx-"

    /// The login name for the resource at `position` of the scope: it belongs to this grant alone,
    /// so that ending the grant cuts no other.
    public func loginName(at position: Int) -> String {
        Self.loginNamePrefix + "\(id.text.lowercased().dropFirst(4))-\(position + 1)"
    }
}

extension GrantID {
    /// The grant that a login name belongs to; nil if `loginName` is none of ours.
    public init?(loginName: String) {
        let parts = loginName.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, loginName.hasPrefix(Grant.loginNamePrefix),
            let position = Int(parts[2]), position > 0, String(position) == parts[2]
        else { return nil }
        self.init("\(Grant.idPrefix)-\(parts[1])")
    }
}
