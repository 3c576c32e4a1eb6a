import HTTPTypes
import Hummingbird
import LockboxApprovals
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// What somebody is about to sign, in words that are made from the very bytes that her passkey signs.
struct SignPage: Page {
    static let template = PageTemplate(PackageResources.sign_mustache)

    struct Line: Sendable {
        let lineName: String
        let lineWords: String
    }

    /// A field of the form before, which comes along.
    struct Kept: Sendable {
        let keptName: String
        let keptValue: String
    }

    /// What is signed, and where the signature goes.
    struct Subject: Sendable {
        let title: String
        let section: String
        /// Of the request; nil where it is about none.
        var number: String?
        let crumb: String
        let back: String
        let backWords: String
        let action: String
        let button: String
        /// The command that signs the same.
        let command: String
        /// Whether the form does its work without a signature too.
        var endsUnsigned = false
    }

    let title: String
    let section: String?
    let number: String?
    let crumb: String
    let back: String
    let backWords: String
    let action: String
    let button: String
    let command: String
    let endsUnsigned: Bool
    let lines: [Line]
    let statement: String
    /// What the script asks the passkey.
    let options: String
    let hasPasskey: Bool
    let kept: [Kept]
    let csrf: String
    let key: String

    init(
        _ subject: Subject,
        _ lines: [Line],
        _ statement: String,
        options: String?,
        _ kept: [Kept],
        _ viewer: Viewer
    ) {
        (title, section, number) = (subject.title, subject.section, subject.number)
        (crumb, back, backWords) = (subject.crumb, subject.back, subject.backWords)
        (action, button) = (subject.action, subject.button)
        (command, endsUnsigned) = (subject.command, subject.endsUnsigned)
        (self.lines, self.statement, self.kept) = (lines, statement, kept)
        (self.options, hasPasskey) = (options ?? "", options != nil)
        (csrf, key) = (viewer.csrf, viewer.formKey)
    }
}

extension SignPage.Line {
    fileprivate init(_ name: String, _ words: String) {
        self.init(lineName: name, lineWords: words)
    }

    fileprivate static func lines(_ said: ApprovalStatement, engineer: String) -> [Self] {
        let start =
            said.notBefore.flatMap { Timestamp($0) }.map { "not before \($0.words())" }
            ?? "when enough people have approved"
        let length = TimeSpan(said.duration)?.words ?? said.duration
        return [
            Self("Request", "\(said.request), version \(said.requestVersion)"),
            Self("Who gets access", "\(engineer) (\(said.engineer))"),
        ]
            + said.resources.map { resource in
                Self(
                    "What",
                    "\(resource.name) at \(resource.service): "
                        + resource.actions.joined(separator: " and ")
                )
            } + [
                Self("Starts", start), Self("Ends", "\(length) after it starts"),
                Self(
                    "Approvals needed",
                    "\(said.quorum), by version \(said.policy) of your rules"
                ),
            ] + common(said)
    }

    fileprivate static func lines(_ said: RevokeStatement, engineer: String) -> [Self] {
        [
            Self("Request", "\(said.request), version \(said.requestVersion)"),
            Self("Whose access ends", "\(engineer) (\(said.engineer))"),
            Self("When", "at once, and for good"),
        ] + common(said)
    }

    /// `rules` are those that `said` says.
    fileprivate static func lines(_ said: PolicyStatement, _ rules: Policy) -> [Self] {
        RuleDifference.rules(rules).map { Self($0.name, $0.words.capitalisedFirst) } + [
            Self("In place of", "version \(said.policy) of your rules")
        ] + common(said)
    }

    private static func common(_ said: some SignedStatement) -> [Self] {
        [
            Self("Who signs", "you (\(said.person)), for \(said.tenant)"),
            Self(
                "Made at",
                "\(Timestamp(said.issued)?.words() ?? said.issued), when the log "
                    + "\(said.logOrigin) had \(counted(Int64(clamping: said.logSize), "record"))"
            ),
        ]
    }
}

extension SignPage.Kept {
    /// The fields with these names, as they came.
    fileprivate static func of(_ names: [String], in form: Form) -> [Self] {
        names.flatMap { name in
            form.all(name).map { Self(keptName: name, keptValue: $0) }
        }
    }
}

extension PortalSite {
    /// What a browser is to ask of the viewer's passkeys; nil where she has none here.
    private func optionsToSign(_ statement: String, _ viewer: Viewer) async throws -> String? {
        guard passkeys.areOffered, try await !passkeys.passkeys(of: viewer.person).isEmpty else {
            return nil
        }
        return try await passkeys.optionsToSign(statement, viewer.person)
    }

    private func page(
        _ subject: SignPage.Subject,
        _ statement: String,
        _ kept: [SignPage.Kept],
        _ viewer: Viewer,
        _ lines: () throws(ApprovalFault) -> [SignPage.Line]
    ) async throws -> Response {
        let options = try await optionsToSign(statement, viewer)
        do throws(ApprovalFault) {
            let page = SignPage(subject, try lines(), statement, options: options, kept, viewer)
            return html(page, viewer)
        } catch {
            throw StoreError.corrupt("a statement that was just made \(error.words)")
        }
    }

    /// The signature that a form brought; nil where it has none.
    func signature(in form: Form, _ viewer: Viewer) async throws -> ApprovalSignature? {
        let answer = form.secret("signature")
        guard !answer.isEmpty else { return nil }
        do {
            return try await passkeys.signature(
                answer,
                over: form["statement"] ?? "",
                by: viewer.person
            )
        } catch let refused as PasskeyRefused {
            throw Refusal.invalid(
                field: "signature",
                problem: .notAllowedHere("did not count: \(refused.why).")
            )
        }
    }

    // MARK: - Approvals

    /// Shows what is to be signed; nothing is decided yet.
    func toSign(_ draft: DecisionDraft, _ form: Form, _ reading: RequestReading, _ viewer: Viewer)
        async throws -> Response
    {
        guard let version = form["version"]?.wholeNumber else { throw Refusal.versionRequired }
        let number = reading.view.request.id.text
        let statement = try await lockbox.statement(
            for: draft,
            on: number,
            matching: .exactly(Int(clamping: version)),
            by: viewer.person
        )
        let page = "\(RequestPath.customer)/\(number)"
        return try await self.page(
            SignPage.Subject(
                title: "Sign your approval",
                section: RequestPath.customer,
                number: number,
                crumb: number,
                back: page,
                backWords: "Back, and decide nothing",
                action: "\(page)/sign",
                button: "Sign and approve",
                command: "lockbox request approve"
            ),
            statement,
            SignPage.Kept.of(
                [
                    "extent", "duration", "resources", "comment", "version", "seen", "keep",
                    "write",
                ],
                in: form
            ),
            viewer
        ) { () throws(ApprovalFault) in
            SignPage.Line.lines(
                try ApprovalStatement(statement),
                engineer: reading.view.engineerName
            )
        }
    }

    /// Takes the signed approval. Who signs has just shown her passkey who she is: nothing else is
    /// asked.
    func sign(_ form: Form, _ id: String, _ viewer: Viewer) async throws -> Response {
        let before = try await reading(of: id, viewer)
        guard !before.hasUnreadMessages(try SeenCounts(form)) else {
            throw Refusal.stale(current: before.view.request.version)
        }
        var draft = try DecisionForm.approval(form, of: before.view.request)
        guard let signature = try await signature(in: form, viewer) else {
            throw Refusal.signatureRequired
        }
        draft.signature = signature
        _ = try await lockbox.decide(
            draft,
            on: id,
            version: form["version"]?.wholeNumber.map { Int(clamping: $0) },
            by: viewer.person,
            key: form.commandKey
        )
        return seeOther("\(RequestPath.customer)/\(id)", .approved)
    }

    // MARK: - Ends of access

    /// Shows what is to be signed to stop access, and the way to stop it without. Nothing is stopped
    /// yet.
    func toSignStop(_ form: Form, _ id: String, _ viewer: Viewer) async throws -> Response {
        let statement = try await lockbox.revokeStatement(on: id, by: viewer.person)
        let view = try await lockbox.request(id, by: viewer.person)
        let page = "\(RequestPath.customer)/\(id)"
        return try await self.page(
            SignPage.Subject(
                title: "Sign the end of this access",
                section: RequestPath.customer,
                number: id,
                crumb: id,
                back: page,
                backWords: "Back, and stop nothing",
                action: "\(page)/stop",
                button: "Sign and stop",
                command: "lockbox request revoke",
                endsUnsigned: true
            ),
            statement,
            SignPage.Kept.of(["comment"], in: form),
            viewer
        ) { () throws(ApprovalFault) in
            SignPage.Line.lines(try RevokeStatement(statement), engineer: view.engineerName)
        }
    }

    // MARK: - Rules

    /// Shows what is to be signed to have `rules`; nothing changes yet. `statement` says them.
    func toSignRules(
        _ rules: Policy,
        _ statement: String,
        keeping kept: [SignPage.Kept],
        action: String,
        isAgreement: Bool,
        _ viewer: Viewer
    ) async throws -> Response {
        try await page(
            SignPage.Subject(
                title: isAgreement ? "Sign that you agree" : "Sign your rules",
                section: "/settings",
                crumb: "Settings",
                back: "/settings",
                backWords: "Back, and change nothing",
                action: action,
                button: isAgreement ? "Sign and agree" : "Sign and change",
                command: isAgreement ? "lockbox policy agree" : "lockbox policy set"
            ),
            statement,
            kept,
            viewer
        ) { () throws(ApprovalFault) in
            let said = try PolicyStatement(statement)
            guard let told = Policy(rules: said.rules), told == rules else {
                throw .statementElsewhere
            }
            return SignPage.Line.lines(said, told)
        }
    }
}
