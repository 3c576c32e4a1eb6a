import Foundation
import LockboxDomain
package import LockboxPorts
package import LockboxService

extension DirectoryFile {
    /// Reads the file at `path`, whose services are of `kinds`. Paths in it are relative to its
    /// folder. Errors name line and key.
    package static func load(path: String, kinds: ServiceKinds) throws -> DirectoryFile {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw ConfigurationError("\(path): cannot be read")
        }
        return try parse(
            text,
            file: URL(filePath: path).lastPathComponent,
            folder: URL(filePath: path).deletingLastPathComponent(),
            kinds: kinds
        )
    }

    static func parse(
        _ text: String,
        file: String,
        folder: URL,
        kinds: ServiceKinds
    ) throws(ConfigurationError) -> DirectoryFile {
        let files = FileProblems()
        let root = try YAMLValue(parsing: text, file: file, folder: folder, files: files)
        let members = try root.members(["provider", "tenants", "services"])
        var directory = DirectoryFile(
            providerName: nil,
            providerPeople: [],
            tenants: [],
            services: []
        )
        if let provider = members["provider"] {
            let parts = try provider.members(["name", "signIn", "people"])
            directory.providerName = try parts["name"]?.checked(Limits.nameLength)
            directory.providerSignIn = try parts["signIn"].map {
                value throws(ConfigurationError) in try signIn(value, at: .provider)
            }
            directory.providerPeople = try people(parts["people"], at: .provider)
        }
        for service in try members["services"]?.items() ?? [] {
            directory.services.append((service.place, try settings(service, kinds)))
        }
        for tenant in try members["tenants"]?.items() ?? [] {
            directory.tenants.append(try customer(tenant))
        }
        try files.throwIfAny()
        return directory
    }

    private static func people(_ list: YAMLValue?, at side: Side) throws(ConfigurationError)
        -> [Person]
    {
        var people: [Person] = []
        var seen: [String: String] = [:]
        for item in try list?.items() ?? [] {
            let parts = try item.members([
                "email", "name", "roles", "aliases", "disabled", "program",
            ])
            let email = try parts.required("email", of: item)
            let address = try email.address()
            if let earlier = seen.updateValue(email.place, forKey: address.canonical) {
                throw email.error("is given twice (see \(earlier))")
            }
            let roles = try parts.required("roles", of: item)
            var names: [String] = []
            for role in try roles.items() {
                let name = try role.text()
                guard Roles(names: [name], side: side) != nil else {
                    let known = (side == .provider ? Roles.ofProvider : Roles.ofTenant).names
                        .joined(separator: ", ")
                    throw role.error("\(name) is not a role here; known are \(known)")
                }
                names.append(name)
            }
            var aliases: [EmailAddress] = []
            for alias in try parts["aliases"]?.items() ?? [] { aliases.append(try alias.address()) }
            guard Limits.aliasesPerPerson.contains(aliases.count) else {
                throw item.error("has more than \(Limits.aliasesPerPerson.upperBound) aliases")
            }
            let isProgram = try self.isProgram(parts["program"], roles, names, at: side)
            people.append(
                Person(
                    place: item.place,
                    email: address,
                    name: try parts.required("name", of: item).checked(Limits.nameLength),
                    roles: Roles(names: names, side: side) ?? [],
                    aliases: aliases,
                    isDisabled: try parts["disabled"]?.flag() ?? false,
                    isProgram: isProgram
                )
            )
        }
        return people
    }

    /// Whether an entry is a program's: of the provider's alone, and with no role that decides.
    private static func isProgram(
        _ value: YAMLValue?,
        _ roles: YAMLValue,
        _ names: [String],
        at side: Side
    ) throws(ConfigurationError) -> Bool {
        guard let value, try value.flag() else { return false }
        guard side == .provider else {
            throw value.error("is for the provider's own programs alone")
        }
        guard Roles(names: names, side: side)?.isSubset(of: .ofProgram) == true else {
            throw roles.error("of a program can be engineer alone: no program decides")
        }
        return true
    }

    private static func customer(_ tenant: YAMLValue) throws(ConfigurationError) -> Tenant {
        let parts = try tenant.members([
            "id", "name", "licence", "policy", "domains", "signIn", "people", "resources",
        ])
        let idValue = try parts.required("id", of: tenant)
        guard let id = TenantID(try idValue.text()) else {
            throw idValue.error("must be 1 to 63 lower-case letters, digits and dashes")
        }
        guard id != Probe.tenant else { throw idValue.error("is kept for check-service") }
        // Whether a tenant has a say is never guessed.
        let licence = try parts.required("licence", of: tenant)
        let licensed = try licence.members(["lockbox"]).required("lockbox", of: licence).flag()
        var policy: Policy?
        if let value = parts["policy"] { policy = try self.policy(value) }
        var resources: [(place: String, resource: Resource)] = []
        for item in try parts["resources"]?.items() ?? [] {
            let pair = try item.members(["service", "id"])
            let service = try pair.required("service", of: item)
            let name = try pair.required("id", of: item)
            guard let serviceID = ServiceID(try service.text()) else {
                throw service.error("must be the id of a service")
            }
            guard let resource = Resource(service: serviceID, name: try name.text()) else {
                throw name.error("must be TYPE:NAME, such as mailbox:info@contoso.example")
            }
            guard resource.localName != Probe.resourceName else {
                throw name.error("is kept for check-service")
            }
            resources.append((item.place, resource))
        }
        return Tenant(
            place: tenant.place,
            id: id,
            name: try parts.required("name", of: tenant).checked(Limits.nameLength),
            isLicensed: licensed,
            policy: policy,
            domains: try parts["domains"].map(domains),
            signIn: try parts["signIn"].map {
                value throws(ConfigurationError) in try signIn(value, at: .tenant(id))
            },
            people: try people(parts["people"], at: .tenant(id)),
            resources: resources
        )
    }

    static func domains(_ value: YAMLValue) throws(ConfigurationError) -> [DomainName] {
        var domains: Set<DomainName> = []
        for item in try value.items() {
            guard let domain = DomainName(try item.text()) else {
                throw item.error("must be a domain such as contoso.example")
            }
            guard domains.insert(domain).inserted else { throw item.error("is given twice") }
        }
        guard Limits.domainsPerTenant.contains(domains.count) else {
            throw value.error("has more than \(Limits.domainsPerTenant.upperBound) domains")
        }
        return domains.sorted()
    }

    private static func policy(_ value: YAMLValue) throws(ConfigurationError) -> Policy {
        let parts = try value.members([
            "requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded", "allowPrograms",
            "retention",
        ])
        let standard = Policy.standard
        do {
            return try Policy(
                requireApproval: try parts["requireApproval"]?.flag() ?? standard.requireApproval,
                decisionWindow: try parts["decisionWindow"]?.span() ?? standard.decisionWindow,
                maxAccess: try parts["maxAccess"]?.span() ?? standard.maxAccess,
                approvalsNeeded: try parts["approvalsNeeded"]?.number() ?? standard.approvalsNeeded,
                withheldFromTokens: standard.withheldFromTokens,
                coolingOff: standard.coolingOff,
                allowsPrograms: try parts["allowPrograms"]?.flag() ?? standard.allowsPrograms,
                retention: try parts["retention"]?.span()
            )
        } catch Refusal.invalid(let field, let problem) {
            throw (parts[field] ?? value).error(problem.sentence)
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw value.error("\(error)")
        }
    }

    /// What every service has is read here, and the rest by its kind.
    private static func settings(_ value: YAMLValue, _ kinds: ServiceKinds)
        throws(ConfigurationError) -> ServiceSettings
    {
        let kindValue = try value.member("kind")
        let kindName = ProtectedService.Kind(rawValue: try kindValue.text())
        guard let kind = kindName.flatMap({ kinds[$0] }) else {
            throw kindValue.error(
                "must be one of \(kinds.all.map(\.name.rawValue).joined(separator: ", "))"
            )
        }
        let parts = try value.members(["id", "kind", "resources", "introspection"] + kind.keys)
        let idValue = try parts.required("id", of: value)
        guard let id = ServiceID(try idValue.text()) else {
            throw idValue.error("must be 1 to 63 lower-case letters, digits and dashes")
        }
        let typeValue = try parts.required("resources", of: value)
        let type = try typeValue.text()
        guard Resource(service: id, name: "\(type):x") != nil else {
            throw typeValue.error("must be a word of lower-case letters")
        }
        return ServiceSettings(
            service: ProtectedService(id: id, kind: kind.name, resourceType: type),
            introspection: try parts["introspection"].map(introspection),
            own: try kind.settings(from: parts, of: value)
        )
    }

    private static func introspection(_ block: YAMLValue) throws(ConfigurationError)
        -> ServiceSettings.Introspection
    {
        let inner = try block.members(["clientID", "clientSecretFile"])
        let client = try inner.required("clientID", of: block)
        let clientID = try client.text()
        guard (1...100).contains(clientID.utf8.count),
            clientID.utf8.allSatisfy({ (33...126).contains($0) && $0 != UInt8(ascii: ":") })
        else {
            throw client.error("must be 1 to 100 visible ASCII characters without a colon")
        }
        return .init(
            clientID: clientID,
            clientSecretFile: try inner.required("clientSecretFile", of: block).secretFile()
        )
    }
}

extension YAMLValue {
    fileprivate func address() throws(ConfigurationError) -> EmailAddress {
        guard let address = EmailAddress(try text()) else {
            throw error("must be an e-mail address in ASCII")
        }
        return address
    }

    fileprivate func span() throws(ConfigurationError) -> TimeSpan {
        guard let span = TimeSpan(try text()) else {
            throw error("must be an ISO 8601 duration such as PT12H")
        }
        return span
    }

    fileprivate func checked(_ length: ClosedRange<Int>) throws(ConfigurationError) -> String {
        let raw = try text()
        do {
            return try Text.check(raw, field: path, length: length)
        } catch .invalid(_, let problem) {
            throw self.error(problem.sentence)
        } catch {
            throw self.error(error.sentence)
        }
    }
}
