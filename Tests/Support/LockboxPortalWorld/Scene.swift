/// One page in one state: who looks at what, after what has happened.
package struct Scene: Sendable, CustomStringConvertible {
    /// How the page is asked for.
    package enum Ask: Sendable {
        case page(String)
        /// The form on `page` that goes to `action` is filled in and sent, after `meanwhile` has
        /// happened.
        case fill(
            String,
            on: String,
            typing: [(String, String?)],
            meanwhile: @Sendable (PortalWorld) async throws -> Void = { _ in }
        )
        /// Something that no page of ours would send.
        case send(String, [(String, String)])
    }

    /// What is expected of the answer. A scene that comes out otherwise is out of date.
    package let status: Int
    package let group: String
    /// What is special, in a few words: `quorum, half reached`.
    package let name: String
    package let ask: Ask
    /// First name in lower case; nil is nobody.
    package let person: String?
    package let arrange: @Sendable (PortalWorld) async throws -> Void
    /// Whether a test keeps what people read on it.
    package let isKey: Bool

    package init(
        _ group: String,
        _ name: String,
        as person: String?,
        _ ask: Ask,
        status: Int = 200,
        isKey: Bool = false,
        after arrange: @escaping @Sendable (PortalWorld) async throws -> Void = { _ in }
    ) {
        self.group = group
        self.name = name
        self.person = person
        self.ask = ask
        self.status = status
        self.arrange = arrange
        self.isKey = isKey
    }

    /// Good as a file's name: `requests-quorum-half-reached`.
    package var slug: String {
        "\(group) \(name)".lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
            .joined(separator: "-")
    }

    package var description: String { "\(group): \(name)" }

    /// The path that is shown, with names of things for their identifiers.
    package var path: String {
        switch ask {
        case .page(let path): path
        case .fill(let action, _, _, _): action
        case .send(let path, _): path
        }
    }

    /// Plays the scene in `world`.
    package func play(in world: PortalWorld) async throws -> Answer {
        try await arrange(world)
        switch ask {
        case .page(let path): return try await world.follow(try await world.visit(path, as: person))
        case .fill(let action, let page, let typed, let meanwhile):
            return try await world.fill(
                action,
                on: page,
                typing: typed,
                as: person,
                meanwhile: meanwhile
            )
        case .send(let path, let form):
            return try await world.follow(try await world.send(path, form: form, as: person))
        }
    }

    /// Plays it in a world of its own.
    package func play() async throws -> Answer {
        try await PortalWorld.with { world in try await play(in: world) }
    }

    package static let all: [Scene] = [
        door, errors,
        overview, requests, lists, liveAccess, timeline,
        support, account, audit,
        settings, provisioning, people, signInOfPeople,
        work, newRequest, access, browser, tenants,
        // Last: the fuzz takes each form from the first page that has it.
        elsewhere, signInSettings, passkeys, proposals, looserRules, programs, logins, several,
        supportThreads, myData, erasure, unknownAccess, signing, signedChanges,
    ].flatMap { $0 }
}
