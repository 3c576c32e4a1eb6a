package import LockboxDomain
package import LockboxPorts
package import NIOCore

extension ProtectedService.Kind {
    package static let hook = ProtectedService.Kind(known: "hook")
}

/// Anything that opens, closes and lists access when Lockbox says so, at an address of its own
/// (docs/operating/protect-anything.md).
package struct HookKind: ServiceKind {
    package let name = ProtectedService.Kind.hook
    package let keys = ["hook", "address"]
    package let needsOpening = true
    package let datesItsOrders = true
    package let remembersOrders = true

    private let tools: ServiceTools
    private let timeout: TimeAmount

    /// `timeout` is for one message and its answer.
    package init(_ tools: ServiceTools, timeout: TimeAmount = .seconds(10)) {
        (self.tools, self.timeout) = (tools, timeout)
    }

    // MARK: Settings

    package func settings<Value: SettingsValue>(
        from members: [String: Value],
        of service: Value
    ) throws(ConfigurationError) -> String {
        let hook = try members.required("hook", of: service)
        var settings = try HookSettings(hook, secret: tools.secret)
        if let address = members["address"] {
            settings.address = try ServiceAddress.text(address, schemes: ["https", "ssh"])
        }
        return try StoredSettings.text(settings)
    }

    // MARK: Resources

    package func resources(of address: EmailAddress, at service: ProtectedService) -> [Resource] {
        []
    }

    // MARK: Credentials

    package func claims(of credential: Credential) -> ServiceClaims {
        ServiceClaims(scope: credential.resource.type)
    }

    package func connecting(with credential: Credential, at settings: ServiceSettings)
        -> Connecting
    {
        let address = StoredSettings.read(settings.own, as: HookSettings.self)?.address
        let isHost = address?.hasPrefix("ssh:") ?? (credential.resource.type == "host")
        return Connecting(
            how: "Sign in to the service as \(credential.username) with the token as the password.",
            to: credential,
            at: address,
            otherwise: isHost ? "ssh://SERVER" : "https://SERVER"
        ) { address in
            isHost
                ? "ssh '\(address.replacing("ssh://", with: "ssh://\(credential.username)@"))'"
                : """
                read -rsp 'Token: ' TOKEN
                printf 'user = "%s:%s"\\n' \(credential.username) "$TOKEN" |
                  curl -K - '\(address)/'
                """
        }
    }

    // MARK: The end of access

    package func openConnections(of settings: ServiceSettings) -> OpenConnections {
        StoredSettings.read(settings.own, as: HookSettings.self) == nil ? .cannotBeCut : .areCut
    }

    package func enforcer(of settings: ServiceSettings) throws(EnforcerError) -> (any Enforcer)? {
        guard let hook = StoredSettings.read(settings.own, as: HookSettings.self) else {
            throw EnforcerError("the service's settings cannot be read")
        }
        let client: HookClient
        do {
            guard let secrets = HookSecret.all(in: try tools.secret(hook.secretFile)) else {
                throw EnforcerError("the service's secret has an unknown form")
            }
            client = HookClient(
                http: tools.http,
                url: hook.url,
                secrets: secrets,
                tls: try hook.tls(),
                clock: tools.clock,
                entropy: tools.entropy,
                timeout: timeout
            )
        } catch let error as EnforcerError {
            throw error
        } catch {
            throw EnforcerError("the secrets for the service cannot be read")
        }
        return HookEnforcer(client: client, passToken: hook.passToken)
    }
}
