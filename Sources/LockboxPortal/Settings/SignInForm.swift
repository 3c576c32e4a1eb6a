import LockboxDomain
import LockboxOIDC

/// How an organisation's people sign in, as the form of its administrators says it.
struct SignInForm: Sendable {
    /// The ways in: one of `passwords`, `both`, `provider`.
    var ways = "passwords"
    var issuer = ""
    var clientID = ""
    var authentication = OpenIDProvider.ClientAuthentication.secretBasic.rawValue
    var acrValues = ""
    var trustsAddresses = false
    var rolesClaim = ""
    /// A line for each value: `lockbox-approvers = member, approver`.
    var roles = ""

    init(_ form: Form) {
        ways = form["ways"] ?? ""
        issuer = form["issuer"] ?? ""
        clientID = form["clientID"] ?? ""
        authentication = form["authentication"] ?? ""
        acrValues = form["acrValues"] ?? ""
        trustsAddresses = form["trustsAddresses"] == "yes"
        rolesClaim = form["rolesClaim"] ?? ""
        roles = form["roles"] ?? ""
    }

    init(_ settings: SignInSettings) {
        guard let provider = settings.provider else { return }
        ways = settings.allowsPasswords ? "both" : "provider"
        (issuer, clientID) = (provider.issuer, provider.clientID)
        authentication = provider.authentication.rawValue
        acrValues = provider.acrValues.joined(separator: " ")
        trustsAddresses = provider.trustsAddresses
        rolesClaim = provider.roles?.claim ?? ""
        roles = (provider.roles?.roles ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0) = \($1.names.joined(separator: ", "))" }.joined(separator: "\n")
    }

    /// `kept` is what is so now: its secret stays where none was typed, but goes to nobody else than
    /// it went to.
    func read(
        kept: OpenIDProvider?,
        isTrial: Bool,
        secret: () throws -> OpenIDProvider.ClientSecret?
    ) throws -> SignInSettings {
        switch ways {
        case "passwords": return .passwords
        case "both", "provider": break
        case _: throw Refusal.invalid(field: "ways", problem: .missing)
        }
        guard ProviderAddress.isIssuerOfCustomer(issuer, isTrial: isTrial) else {
            throw Refusal.invalid(
                field: "issuer",
                problem: .malformed(
                    expected: "an https address without a query, as the provider writes it"
                )
            )
        }
        guard Limits.openIDWordBytes.contains(clientID.utf8.count) else {
            throw Refusal.invalid(
                field: "clientID",
                problem: clientID.isEmpty
                    ? .missing : .tooLong(maximum: Limits.openIDWordBytes.upperBound)
            )
        }
        guard let authentication = OpenIDProvider.ClientAuthentication(rawValue: authentication)
        else { throw Refusal.invalid(field: "authentication", problem: .missing) }
        let isSame = kept?.issuer == issuer && kept?.clientID == clientID
        var clientSecret: OpenIDProvider.ClientSecret?
        switch authentication {
        case .secretBasic, .secretPost:
            clientSecret = try secret() ?? (isSame ? kept?.clientSecret : nil)
            guard clientSecret != nil else {
                throw Refusal.invalid(field: "secret", problem: .missing)
            }
        case .privateKey, .none: break
        }
        return SignInSettings(
            provider: OpenIDProvider(
                issuer: issuer,
                clientID: clientID,
                authentication: authentication,
                clientSecret: clientSecret,
                acrValues: try readACRValues(),
                trustsAddresses: trustsAddresses,
                roles: try readRoles()
            ),
            allowsPasswords: ways == "both"
        )
    }

    private func readACRValues() throws -> [String] {
        let values = acrValues.split(whereSeparator: \.isWhitespace).map(String.init)
        guard Limits.acrValues.contains(values.count),
            values.allSatisfy({ Limits.openIDWordBytes.contains($0.utf8.count) })
        else {
            throw Refusal.invalid(
                field: "acrValues",
                problem: .malformed(expected: "at most ten words")
            )
        }
        return values
    }

    private func readRoles() throws -> ClaimedRoles? {
        guard !rolesClaim.isEmpty else {
            guard roles.isEmpty else {
                throw Refusal.invalid(field: "rolesClaim", problem: .missing)
            }
            return nil
        }
        guard Limits.openIDWordBytes.contains(rolesClaim.utf8.count) else {
            throw Refusal.invalid(
                field: "rolesClaim",
                problem: .tooLong(maximum: Limits.openIDWordBytes.upperBound)
            )
        }
        var claimed: [String: Roles] = [:]
        for line in roles.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            let names = parts.last?.split(separator: ",").map { Self.trimmed($0) } ?? []
            guard parts.count == 2, let value = parts.first,
                Limits.openIDWordBytes.contains(value.utf8.count),
                claimed[value] == nil, let some = Roles(names: names, side: Self.anyTenant)
            else {
                throw Refusal.invalid(
                    field: "roles",
                    problem: .malformed(
                        expected: "a line for each value: lockbox-approvers = member, approver. "
                            + "Roles are member, approver, admin and auditor"
                    )
                )
            }
            claimed[value] = some
        }
        guard Limits.claimedRoleValues.contains(claimed.count) else {
            throw Refusal.invalid(
                field: "roles",
                problem: claimed.isEmpty ? .missing : .outOfRange("at most 100 lines")
            )
        }
        return ClaimedRoles(claim: rolesClaim, roles: claimed)
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Every tenant has the same roles.
    private static let anyTenant = TenantID("a").map(Side.tenant) ?? .provider
}
