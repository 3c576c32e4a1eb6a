import HTTPTypes
import Hummingbird
import LockboxApprovals
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService

/// What an approver is about to sign, in words that are made from the very bytes that her passkey
/// signs.
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

    let title = "Sign your approval"
    let section: String? = RequestPath.customer
    let number: String
    let lines: [Line]
    let statement: String
    /// What the script asks the passkey.
    let options: String
    let hasPasskey: Bool
    let kept: [Kept]
    let csrf: String
    let key: String

    init(
        _ statement: String,
        options: String,
        hasPasskey: Bool,
        _ form: Form,
        _ reading: RequestReading,
        _ viewer: Viewer
    ) throws(ApprovalFault) {
        let said = try ApprovalStatement(statement)
        number = reading.view.request.id.text
        self.statement = statement
        self.options = options
        self.hasPasskey = hasPasskey
        lines = Self.lines(said, engineer: reading.view.engineerName)
        let names = ["extent", "duration", "resources", "comment", "version", "seen"]
        kept =
            names.compactMap { name in form[name].map { Kept(keptName: name, keptValue: $0) } }
            + ["keep", "write"].flatMap { name in
                form.all(name).map { Kept(keptName: name, keptValue: $0) }
            }
        (csrf, key) = (viewer.csrf, viewer.formKey)
    }

    private static func lines(_ said: ApprovalStatement, engineer: String) -> [Line] {
        let start =
            said.notBefore.flatMap { Timestamp($0) }.map { "not before \($0.words())" }
            ?? "when enough people have approved"
        let length = TimeSpan(said.duration)?.words ?? said.duration
        return [
            Line(lineName: "Request", lineWords: "\(said.request), version \(said.requestVersion)"),
            Line(lineName: "Who gets access", lineWords: "\(engineer) (\(said.engineer))"),
        ]
            + said.resources.map { resource in
                Line(
                    lineName: "What",
                    lineWords: "\(resource.name) at \(resource.service): "
                        + resource.actions.joined(separator: " and ")
                )
            } + [
                Line(lineName: "Starts", lineWords: start),
                Line(lineName: "Ends", lineWords: "\(length) after it starts"),
                Line(
                    lineName: "Approvals needed",
                    lineWords: "\(said.quorum), by version \(said.policy) of your rules"
                ),
                Line(
                    lineName: "Who signs",
                    lineWords: "you (\(said.approver)), for \(said.tenant)"
                ),
                Line(
                    lineName: "Made at",
                    lineWords: "\(Timestamp(said.issued)?.words() ?? said.issued), when the log "
                        + "\(said.logOrigin) had \(counted(Int64(clamping: said.logSize), "record"))"
                ),
            ]
    }
}

extension PortalSite {
    /// Shows what is to be signed; nothing is decided yet.
    func toSign(_ draft: DecisionDraft, _ form: Form, _ reading: RequestReading, _ viewer: Viewer)
        async throws -> Response
    {
        guard let version = form["version"]?.wholeNumber else { throw Refusal.versionRequired }
        let statement = try await lockbox.statement(
            for: draft,
            on: reading.view.request.id.text,
            matching: .exactly(Int(clamping: version)),
            by: viewer.person
        )
        let own = try await passkeys.passkeys(of: viewer.person)
        let hasPasskey = passkeys.areOffered && !own.isEmpty
        let options =
            hasPasskey ? try await passkeys.optionsToSign(statement, viewer.person) : ""
        do throws(ApprovalFault) {
            return html(
                try SignPage(
                    statement,
                    options: options,
                    hasPasskey: hasPasskey,
                    form,
                    reading,
                    viewer
                ),
                viewer
            )
        } catch {
            throw StoreError.corrupt("a statement that was just made \(error.words)")
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
        let answer = form.secret("signature")
        guard !answer.isEmpty else { throw Refusal.signatureRequired }
        do {
            draft.signature = try await passkeys.signature(
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
        _ = try await lockbox.decide(
            draft,
            on: id,
            version: form["version"]?.wholeNumber.map { Int(clamping: $0) },
            by: viewer.person,
            key: form.commandKey
        )
        return seeOther("\(RequestPath.customer)/\(id)", .approved)
    }
}
