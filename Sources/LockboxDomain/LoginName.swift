// The name by which a service knows one resource of a grant: `lbx-7k3m9qpxab-1` (decision 0009).

extension Grant {
    /// What every login name begins with, and no name of a service's own people should.
    public static let loginNamePrefix = "lbx-"

    /// The login name for the resource at `position` of the scope: it belongs to this grant alone,
    /// so that ending the grant cuts no other.
    public func loginName(at position: Int) -> String {
        id.loginName(number: position + 1)
    }
}

/// What `lockboxd check-service` opens at a service, to see whether it does as it is told. Nothing of
/// a customer may be called so.
public enum Probe {
    public static let tenant = TenantID(known: "lockbox-check")
    /// Behind the colon of a resource's name.
    public static let resourceName = "lockbox-check"

    /// A login name that no grant gives: those of resources begin at 1.
    public static func loginName(of grant: GrantID) -> String { grant.loginName(number: 0) }

    /// The probe that a login name belongs to; nil if it is none.
    public static func grant(of loginName: String) -> GrantID? {
        guard loginName.hasSuffix("-0") else { return nil }
        return GrantID(loginName: loginName.dropLast() + "1")
    }
}

extension GrantID {
    fileprivate func loginName(number: Int) -> String {
        Grant.loginNamePrefix + "\(text.lowercased().dropFirst(4))-\(number)"
    }

    /// The grant that a login name belongs to; nil if `loginName` is none of ours.
    public init?(loginName: String) {
        let parts = loginName.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, loginName.hasPrefix(Grant.loginNamePrefix),
            let position = Int(parts[2]), position > 0, String(position) == parts[2]
        else { return nil }
        self.init("\(Grant.idPrefix)-\(parts[1])")
    }
}
