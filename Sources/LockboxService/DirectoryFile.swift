package import LockboxDomain
package import LockboxPorts

/// What an operator's `directory.yaml` says, checked for form. Each part knows its line for
/// messages.
package struct DirectoryFile: Sendable {
    package struct Person: Sendable {
        package var place: String
        package var email: EmailAddress
        package var name: String
        package var roles: Roles
        package var aliases: [EmailAddress]
        package var isDisabled: Bool
        package var isProgram: Bool

        package init(
            place: String,
            email: EmailAddress,
            name: String,
            roles: Roles,
            aliases: [EmailAddress],
            isDisabled: Bool,
            isProgram: Bool = false
        ) {
            self.place = place
            self.email = email
            self.name = name
            self.roles = roles
            self.aliases = aliases
            self.isDisabled = isDisabled
            self.isProgram = isProgram
        }
    }

    package struct Tenant: Sendable {
        package var place: String
        package var id: TenantID
        package var name: String
        package var isLicensed: Bool
        package var policy: Policy?
        /// Nil where the file says nothing: they stay as they are.
        package var domains: [DomainName]?
        /// The same.
        package var signIn: SignInSettings?
        package var people: [Person]
        package var resources: [(place: String, resource: Resource)]

        package init(
            place: String,
            id: TenantID,
            name: String,
            isLicensed: Bool,
            policy: Policy?,
            domains: [DomainName]? = nil,
            signIn: SignInSettings? = nil,
            people: [Person],
            resources: [(place: String, resource: Resource)]
        ) {
            self.place = place
            self.id = id
            self.name = name
            self.isLicensed = isLicensed
            self.policy = policy
            self.domains = domains
            self.signIn = signIn
            self.people = people
            self.resources = resources
        }
    }

    package var providerName: String?
    /// Nil where the file says nothing: it stays as it is.
    package var providerSignIn: SignInSettings?
    package var providerPeople: [Person]
    package var tenants: [Tenant]
    package var services: [(place: String, settings: ServiceSettings)]

    package init(
        providerName: String?,
        providerSignIn: SignInSettings? = nil,
        providerPeople: [Person],
        tenants: [Tenant],
        services: [(place: String, settings: ServiceSettings)]
    ) {
        self.providerName = providerName
        self.providerSignIn = providerSignIn
        self.providerPeople = providerPeople
        self.tenants = tenants
        self.services = services
    }
}

/// Something in the file cannot be carried out. Nothing of the file was.
package struct DirectoryProblem: Error, CustomStringConvertible, Sendable {
    package let place: String
    package let sentence: String

    package init(place: String, sentence: String) {
        self.place = place
        self.sentence = sentence
    }

    package var description: String { "\(place): \(sentence)" }
}

extension DirectoryFile {
    /// Refuses what is said twice, in whatever spelling: the later entry would silently win, and
    /// one human being under two names could decide twice.
    package func checkForRepetition() throws(DirectoryProblem) {
        var services: Set<ServiceID> = []
        for (place, settings) in self.services where !services.insert(settings.service.id).inserted
        {
            throw DirectoryProblem(place: place, sentence: "\(settings.service.id) is given twice.")
        }
        var tenants: Set<TenantID> = []
        for tenant in self.tenants where !tenants.insert(tenant.id).inserted {
            throw DirectoryProblem(place: tenant.place, sentence: "\(tenant.id) is given twice.")
        }
        var places: [String: String] = [:]
        for human in providerPeople + self.tenants.flatMap(\.people) {
            for address in Set(([human.email] + human.aliases).map(\.canonical)).sorted() {
                if let earlier = places.updateValue(human.place, forKey: address) {
                    throw DirectoryProblem(
                        place: human.place,
                        sentence:
                            "\(human.email) or one of its aliases means somebody else already (see \(earlier))."
                    )
                }
            }
        }
    }
}
