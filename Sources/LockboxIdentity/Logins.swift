import Crypto
import LockboxAudit
package import LockboxDomain
import LockboxPorts
import MerkleLog

/// Why a command line gets no tokens (RFC 6749 §5.2, RFC 8628 §3.5).
package enum LoginRefused: Error, Hashable, Sendable {
    /// What it showed opens nothing, or nothing any more.
    case invalidGrant
    /// Nobody has said anything yet.
    case pending
    /// It asks too often.
    case slowDown
    case denied
    case expired
}

/// What a command line wants: how it calls itself and its machine, and what for.
package struct LoginWish: Hashable, Sendable {
    package let device: String
    package let scopes: TokenScopes

    /// Refuses, by the names of the wire, what no login can be; `read` and `ask` where `scope` is
    /// left out, and `read` in any case, for without it no command finds anything.
    package init(device: String?, scope: String?) throws(Refusal) {
        self.device = try Text.check(
            device ?? "",
            field: "device_name",
            length: Limits.deviceNameLength
        )
        guard let scope else {
            scopes = .standard
            return
        }
        let names = scope.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        scopes = try TokenScopes(names: names, field: "scope").union(.read)
    }
}

/// What a command line without a browser is told (RFC 8628 §3.2).
package struct DeviceLogin: Sendable {
    package let deviceCode: String
    /// What a person types: `BCDF-GHJK`.
    package let userCode: String
}

/// What a command line acts with for a while.
package struct LoginTokens: Sendable {
    package let token: APIToken
    package let access: String
    package let refresh: String
    /// How long the access token is good.
    package let accessLife: TimeSpan
}

/// Sign-ins at command lines (RFC 8252, RFC 8628): somebody allows one on a page of the portal, to
/// which she came by whatever lets her in, and it then has short tokens that follow each other.
package struct Logins: Sendable {
    /// The one client there is; it has no secret, for whoever has the program would have it.
    package static let client = "lockbox-cli"

    /// What every refresh token begins with, so that scanners find a leaked one.
    package static let refreshPrefix = "lbxr_"

    /// Consonants that spell no word and are not taken for each other (RFC 8628 §6.1).
    private static let alphabet = Array("BCDFGHJKLMNPQRSTVWXZ".unicodeScalars)
    private static let userCodeLength = 8

    private let store: AuditedStore
    private let newDevices = RateLimit(
        burst: IdentityLimits.deviceLoginBurst,
        perSecond: IdentityLimits.deviceLoginsPerSecond
    )
    private let guesses = RateLimit(
        burst: IdentityLimits.userCodeGuessBurst,
        perSecond: IdentityLimits.userCodeGuessesPerSecond
    )
    private let polls = RateLimit(burst: 1, perSecond: IdentityLimits.pollsPerSecond)
    private let refreshes = RateLimit(
        burst: IdentityLimits.refreshBurst,
        perSecond: IdentityLimits.refreshesPerSecond
    )

    package init(_ signIn: SignIn) { store = signIn.store }

    // MARK: - In the browser of the same machine

    /// `person` allows a command line that waits at `callback`: the code that her browser takes there. It
    /// is good once, for the one who has the verifier, and for a minute.
    package func allow(
        _ wish: LoginWish,
        _ callback: LoginCallback,
        by person: Person,
        from client: ClientKey
    ) async throws -> String {
        try await store.write(by: .person(person)) { change in
            let person = try change.tx.current(person)
            let withheld = try change.tx.withheldFromTokens(of: person)
                .intersection(wish.scopes)
            guard withheld.isEmpty else { throw Refusal.scopeWithheld(withheld) }
            let code = Hex.encode(change.entropy.bytes(32))
            let request = LoginRequest(
                id: change.entropy.id(),
                device: wish.device,
                askedFrom: client.exact,
                scopes: wish.scopes,
                callback: callback,
                madeAt: change.now,
                endsAt: change.now + Limits.loginCodeLife,
                standing: .allowed(person.id)
            )
            try change.tx.insert(request, secretHash: SignIn.hash(code), userCodeHash: nil)
            return code
        }
    }

    /// The tokens of whoever shows `code` and has the verifier of its challenge. A code that comes a second
    /// time ends what it was good for (RFC 6749 §4.1.2).
    package func tokens(
        code: String,
        verifier: String,
        callback address: String
    ) async throws -> LoginTokens {
        try await tokens(for: SignIn.hash(code)) { request, _ in
            guard let callback = request.callback, callback.address == address,
                Self.isVerifier(verifier),
                SignIn.hash(verifier).base64URL == callback.challenge
            else { throw LoginRefused.invalidGrant }
        }
    }

    /// RFC 7636 §4.1.
    private static func isVerifier(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || "-._~".unicodeScalars.contains($0)
            }
    }

    // MARK: - On a page elsewhere

    /// A command line without a browser asks. Bounded for each address and in all.
    package func ask(_ wish: LoginWish, from client: ClientKey) async throws -> DeviceLogin {
        let now = try await store.read { _, now in now }
        try newDevices.take(client.address, now: now)
        // Nothing has happened yet that a log would tell.
        return try await store.write(by: .system) { change in
            let (tx, entropy, now) = (change.tx, change.entropy, change.now)
            guard try tx.deviceLoginsWaiting(at: now) < Limits.deviceLoginsWaiting else {
                throw Refusal.tooManyAttempts(retryAfter: Limits.deviceCodeLife)
            }
            let code = Hex.encode(entropy.bytes(32))
            let userCode = Self.userCode(entropy)
            let request = LoginRequest(
                id: entropy.id(),
                device: wish.device,
                askedFrom: client.exact,
                scopes: wish.scopes,
                madeAt: now,
                endsAt: now + Limits.deviceCodeLife
            )
            try tx.insert(
                request,
                secretHash: SignIn.hash(code),
                userCodeHash: SignIn.hash(userCode)
            )
            return DeviceLogin(deviceCode: code, userCode: Self.shown(userCode))
        }
    }

    /// The command line that shows the code which `person` typed. Throws `Refusal.notFound` where there is
    /// none that waits; how often is bounded for each person and address, so that nobody finds one by
    /// guessing.
    package func request(
        userCode typed: String,
        by person: Person,
        from client: ClientKey
    ) async throws -> LoginRequest {
        let code = Self.userCode(typed)
        let (found, now) = try await store.read { tx, now in
            (try code.flatMap { try tx.loginRequest(userCodeHash: SignIn.hash($0)) }, now)
        }
        for key in ["person \(person.id)", "address \(client.address)"] {
            try guesses.peek(key, now: now)
        }
        guard let found, found.isWaiting(at: now) else {
            for key in ["person \(person.id)", "address \(client.address)"] {
                guesses.spend(key, now: now)
            }
            throw Refusal.notFound(.page)
        }
        return found
    }

    /// `person` says yes or no to it.
    package func answer(
        userCode typed: String,
        isAllowed: Bool,
        by person: Person,
        from client: ClientKey
    ) async throws {
        let found = try await request(userCode: typed, by: person, from: client)
        try await store.write(by: .person(person)) { change in
            let person = try change.tx.current(person)
            guard let code = Self.userCode(typed),
                var request = try change.tx.loginRequest(userCodeHash: SignIn.hash(code)),
                request.id == found.id
            else { throw Refusal.notFound(.page) }
            if isAllowed {
                let withheld = try change.tx.withheldFromTokens(of: person)
                    .intersection(request.scopes)
                guard withheld.isEmpty else { throw Refusal.scopeWithheld(withheld) }
                try request.allow(by: person.id, at: change.now)
            } else {
                try request.deny(at: change.now)
            }
            try change.tx.update(request)
        }
    }

    /// The tokens of the command line that shows `deviceCode`, once somebody has allowed it.
    package func tokens(deviceCode: String) async throws -> LoginTokens {
        let hash = SignIn.hash(deviceCode)
        return try await tokens(for: hash) { request, now in
            guard request.callback == nil else { throw LoginRefused.invalidGrant }
            switch request.standing {
            case .denied: throw LoginRefused.denied
            case .waiting where now < request.endsAt:
                guard polls.tryTake(Hex.encode(hash), now: now) else {
                    throw LoginRefused.slowDown
                }
                throw LoginRefused.pending
            case .waiting: throw LoginRefused.expired
            case .allowed where now >= request.endsAt: throw LoginRefused.expired
            case .allowed, .used: break
            }
        }
    }

    private static func userCode(_ entropy: any Entropy) -> String {
        var code = String.UnicodeScalarView()
        while code.count < userCodeLength {
            // Of 256 values the first 240 mean each letter equally often.
            for byte in entropy.bytes(userCodeLength)
            where byte < 240 && code.count < userCodeLength {
                code.append(alphabet[Int(byte) % alphabet.count])
            }
        }
        return String(code)
    }

    /// What was typed, without case, spaces and hyphens; nil where it can be no code.
    private static func userCode(_ typed: String) -> String? {
        guard typed.utf8.count <= 40 else { return nil }
        let code = typed.uppercased().unicodeScalars.filter { $0 != "-" && $0 != " " }
        guard code.count == userCodeLength, code.allSatisfy(alphabet.contains) else { return nil }
        return String(String.UnicodeScalarView(code))
    }

    /// `BCDF-GHJK`.
    private static func shown(_ code: String) -> String { code.prefix(4) + "-" + code.suffix(4) }

    /// The code as the page shows it again; nil where it can be none.
    package static func shownCode(_ typed: String) -> String? { userCode(typed).map(shown) }

    // MARK: - Tokens

    /// The first tokens of the request with `hash`, where `check` does not refuse it.
    private func tokens(
        for hash: [UInt8],
        _ check: @Sendable (LoginRequest, Timestamp) throws -> Void
    ) async throws -> LoginTokens {
        let (found, now) = try await store.read { tx, now in
            (try tx.loginRequest(secretHash: hash), now)
        }
        guard let found else { throw LoginRefused.invalidGrant }
        if case .used(let token, let person) = found.standing {
            try await endReused { try $0.tokens(of: person).first { $0.id == token } }
            throw LoginRefused.invalidGrant
        }
        try check(found, now)
        guard let id = found.person(at: now),
            let allowing = try await store.read(.ordinary, { tx, _ in try tx.person(id) })
        else { throw LoginRefused.invalidGrant }
        let tokens = try await store.write(by: .person(allowing), for: .ending) {
            change -> LoginTokens? in
            // It may have been fetched or taken back since it was looked at, and she switched off.
            guard var request = try change.tx.loginRequest(secretHash: hash),
                let person = try change.tx.person(id), !person.isDisabled,
                request.person(at: change.now) == person.id
            else { return nil }
            let tokens = try Self.begin(request, of: person, &change)
            request.use(for: tokens.token.id, of: person.id)
            try change.tx.update(request)
            return tokens
        }
        guard let tokens else { throw LoginRefused.invalidGrant }
        return tokens
    }

    private static func begin(
        _ request: LoginRequest,
        of person: Person,
        _ change: inout Change
    ) throws -> LoginTokens {
        var token = try SignIn.draft(
            of: person,
            TokenTerms(loginFrom: request.device, request.scopes),
            orElse: request.scopes,
            change
        )
        let login = Self.login(until: token.expiresAt, change.now)
        token.login = login
        let family = Hex.encode(change.entropy.bytes(32))
        let secrets = Secrets(family: family, change.entropy)
        try change.tx.insert(token, secretHash: SignIn.hash(refreshPrefix + family))
        try change.tx.renew(token.id, login, secrets.hashes)
        change.emit(.signIn(.tokenIssued(token, person)))
        return secrets.tokens(of: token, login, change.now)
    }

    /// The next tokens for a refresh token, which is good once. One that comes again was copied, or its
    /// answer was lost: nobody can tell, so all that came of this login ends (RFC 9700 §4.14.2).
    package func tokens(refresh text: String) async throws -> LoginTokens {
        guard let (family, secret) = Self.parts(text) else { throw LoginRefused.invalidGrant }
        let hash = SignIn.hash(Self.refreshPrefix + family)
        let (person, now) = try await store.read { tx, now in
            let person = try tx.login(secretHash: hash).flatMap { login in
                login.token.isValid(at: now) ? try tx.person(login.token.person) : nil
            }
            return (person, now)
        }
        guard let person, !person.isDisabled else { throw LoginRefused.invalidGrant }
        try refreshes.take(family, now: now)
        let tokens = try await store.write(by: .person(person), for: .ending) {
            change -> LoginTokens? in
            guard let found = try change.tx.login(secretHash: hash),
                found.token.isValid(at: change.now)
            else { throw LoginRefused.invalidGrant }
            guard found.refreshHash == SignIn.hash(secret) else { return nil }
            var token = found.token
            let login = Self.login(until: token.expiresAt, change.now)
            token.login = login
            let secrets = Secrets(family: family, change.entropy)
            try change.tx.renew(token.id, login, secrets.hashes)
            return secrets.tokens(of: token, login, change.now)
        }
        if let tokens { return tokens }
        try await endReused { try $0.login(secretHash: hash)?.token }
        throw LoginRefused.invalidGrant
    }

    /// Ends the login of a refresh token, whichever of them it is. An unknown one is as good as ended
    /// (RFC 7009 §2.2).
    package func end(refresh text: String) async throws {
        guard let (family, _) = Self.parts(text) else { return }
        let hash = SignIn.hash(Self.refreshPrefix + family)
        let person = try await store.read { tx, _ in
            try tx.login(secretHash: hash).flatMap { try tx.person($0.token.person) }
        }
        guard let person else { return }
        try await store.write(by: .person(person), for: .ending) { change in
            guard let (token, _) = try change.tx.login(secretHash: hash) else { return }
            try change.tx.revokeToken(token.id, at: change.now)
            change.emit(.signIn(.tokenRevoked(token, person)))
        }
    }

    /// Nobody knows who it was, so it is Lockbox itself that ends it, and its owner is told.
    private func endReused(
        _ find: @escaping @Sendable (any StoreTransaction) throws -> APIToken?
    ) async throws {
        try await store.write(by: .system, for: .ending) { change in
            guard let token = try find(change.tx), token.isValid(at: change.now),
                let person = try change.tx.person(token.person)
            else { return }
            try change.tx.revokeToken(token.id, at: change.now)
            change.emit(.signIn(.loginReused(token, person)))
            change.emit(.signIn(.tokenRevoked(token, person)))
        }
    }

    private static func login(until end: Timestamp?, _ now: Timestamp) -> APIToken.Login {
        let end = end ?? .latest
        return APIToken.Login(
            accessEndsAt: min(now + IdentityLimits.accessTokenLife, end),
            idleEndsAt: min(now + IdentityLimits.loginIdle, end)
        )
    }

    /// What all refresh tokens of one login have in common, and what is this one's own.
    private static func parts(_ text: String) -> (family: String, secret: String)? {
        guard text.hasPrefix(refreshPrefix), text.utf8.count == refreshPrefix.utf8.count + 128
        else {
            return nil
        }
        let rest = text.dropFirst(refreshPrefix.utf8.count)
        guard rest.utf8.count == rest.count else { return nil }
        return (String(rest.prefix(64)), String(rest.suffix(64)))
    }

    private struct Secrets {
        let family: String
        let access: String
        let refresh: String

        init(family: String, _ entropy: any Entropy) {
            self.family = family
            access = SignIn.tokenPrefix + Hex.encode(entropy.bytes(32))
            refresh = Hex.encode(entropy.bytes(32))
        }

        var hashes: LoginHashes {
            LoginHashes(access: SignIn.hash(access), refresh: SignIn.hash(refresh))
        }

        func tokens(of token: APIToken, _ login: APIToken.Login, _ now: Timestamp) -> LoginTokens {
            LoginTokens(
                token: token,
                access: access,
                refresh: Logins.refreshPrefix + family + refresh,
                accessLife: login.accessEndsAt - now
            )
        }
    }
}
