import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxIdentity
import Logging

/// How somebody shows again who she is, with a form that decides: an unlocked screen is not enough.
struct StepUp: Sendable {
    /// By her password, in the form itself.
    let isPassword: Bool
    /// By a passkey, for which the script asks before it sends the form.
    let isPasskey: Bool
    /// Else it is where she signed in, in words and by the page that leads there.
    let elsewhere: Elsewhere?
    /// By signing in anew: what she came in by is gone, or does not count here any more.
    let isNothing: Bool

    struct Elsewhere: Sendable {
        let confirmedBy: String
        let confirmation: String
    }
}

extension PortalSite {
    /// What the forms of the page at `path` need besides; nil where she showed it a moment ago.
    func stepUp(_ viewer: Viewer, on path: String) -> StepUp? {
        guard needsStepUp(viewer) else { return nil }
        let elsewhere = viewer.signedIn.session.issuer.map {
            StepUp.Elsewhere(
                confirmedBy: OpenIDProvider.shownName($0),
                confirmation: "/confirm?next=\(path.asQueryValue)"
            )
        }
        let (password, passkey) = confirmations(of: viewer)
        return StepUp(
            isPassword: password,
            isPasskey: passkey,
            elsewhere: elsewhere,
            isNothing: elsewhere == nil && !password && !passkey
        )
    }

    func needsStepUp(_ viewer: Viewer) -> Bool {
        !sessions.isFresh(viewer.signedIn, now: viewer.now)
    }

    private func confirmations(of viewer: Viewer) -> (password: Bool, passkey: Bool) {
        let ways = viewer.signedIn.confirmations
        return (ways.password, ways.passkey && passkeys.areOffered)
    }

    /// Checks what came with a form that decides, where it is needed. The session then has a new
    /// secret, which must be set on the answer whatever comes of the form.
    func confirm(_ form: Form, _ viewer: Viewer) async throws -> String? {
        guard needsStepUp(viewer) else { return nil }
        guard viewer.signedIn.session.issuer == nil else {
            throw Refusal.invalid(field: "confirmation", problem: .missing)
        }
        let ways = confirmations(of: viewer)
        let answer = form.secret("passkey")
        if ways.passkey, !answer.isEmpty {
            do {
                return try await passkeys.confirm(viewer.secret, answer).secret
            } catch let refused as PasskeyRefused {
                throw Refusal.invalid(
                    field: "passkey",
                    problem: .notAllowedHere("did not count: \(refused.why).")
                )
            }
        }
        let password = form.secret("password")
        guard !password.isEmpty else {
            throw Refusal.invalid(
                field: ways.password ? "password" : "passkey",
                problem: .missing
            )
        }
        return try await sessions.confirm(viewer.secret, password: password).secret
    }

    /// Runs `take` once it is sure who sends the form. Where a rule says no, `again` is the form's page
    /// with what was typed and why.
    func confirmed(
        _ form: Form,
        _ context: PortalContext,
        _ viewer: Viewer,
        again: (Viewer, Refusal) async throws -> any Page,
        _ take: (Viewer) async throws -> Response
    ) async throws -> Response {
        let secret: String?
        do {
            secret = try await confirm(form, viewer)
        } catch let refusal as Refusal {
            if case .notSignedIn = refusal { throw refusal }
            return html(try await again(viewer, refusal), viewer, status: .unprocessableContent)
        }
        return try await going(on: secret, context, viewer) { viewer in
            do {
                return try await take(viewer)
            } catch let refusal as Refusal where refusal.isToldOnForm {
                return html(
                    try await again(viewer, refusal),
                    viewer,
                    status: .unprocessableContent
                )
            }
        }
    }

    /// Answers a form whose password was taken: whatever comes of it, the browser hears of the
    /// session's new secret.
    func going(
        on secret: String?,
        _ context: PortalContext,
        _ viewer: Viewer,
        _ take: (Viewer) async throws -> Response
    ) async throws -> Response {
        guard let secret else { return try await take(viewer) }
        guard let signedIn = try await sessions.resume(secret) else { throw Refusal.notSignedIn }
        let viewer = viewer.going(on: signedIn, secret)
        do {
            return setSession(secret, on: try await take(viewer))
        } catch {
            let page = ErrorPage(error)
            if page.status.kind == .serverError {
                context.logger.error("request failed", metadata: ["error": "\(error)"])
            }
            return setSession(secret, on: html(page, viewer, status: page.status))
        }
    }
}

extension Refusal {
    /// Whether something else can be filled in, or somebody else asked.
    var isToldOnForm: Bool {
        switch self {
        case .notSignedIn, .notFound, .notPermitted, .tooManyAttempts, .dailyLimitReached: false
        case .invalid, .unknownReference, .exceedsRequest, .exceedsCap, .ambiguous, .badCredentials,
            .ownRequest, .scopeMissing, .scopeWithheld, .versionRequired, .stale, .alreadyDecided,
            .alreadyDecidedByYou, .wrongState, .notAwaitingYou, .decidesLater, .signatureRequired,
            .nobodyCanApprove,
            .accessNotActive, .notLicensed, .limitReached, .alreadyExists, .keyReused,
            .lastAdministrator, .programsRefused, .supportRequestClosed, .supportRequestNotClosed:
            true
        }
    }
}
