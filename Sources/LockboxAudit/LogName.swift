import LockboxDomain

extension Side {
    /// The name of the log in checkpoints (C2SP tlog-checkpoint), in an installation whose logs'
    /// names begin with `origin`.
    package func origin(under origin: String) -> String {
        switch self {
        case .provider: "\(origin)/v1/provider/log"
        case .tenant(let id): "\(origin)/v1/tenants/\(id)/log"
        }
    }

    /// The log that `logName` names; nil where it names none.
    package init?(logName: String) {
        guard logName != Side.provider.logName else {
            self = .provider
            return
        }
        guard logName.hasPrefix("tenant:"), let id = TenantID(String(logName.dropFirst(7))) else {
            return nil
        }
        self = .tenant(id)
    }
}
