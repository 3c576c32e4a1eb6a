import LockboxDomain
import LockboxIdentity

/// How somebody shows again who she is, with a form that decides: an unlocked screen is not enough.
struct StepUp: Sendable {
    /// Whether it is by her password, in the form itself.
    let isPassword: Bool
    /// Else it is where she signed in, in words and by the page that leads there.
    let confirmedBy: String
    let confirmation: String
}

extension PortalSite {
    /// What the forms of the page at `path` need besides; nil where she showed it a moment ago.
    func stepUp(_ viewer: Viewer, on path: String) -> StepUp? {
        guard needsStepUp(viewer) else { return nil }
        return StepUp(
            isPassword: viewer.signedIn.session.issuer == nil,
            confirmedBy: viewer.signedIn.session.issuer.map(OpenIDProvider.shownName) ?? "",
            confirmation: "/confirm?next=\(path.asQueryValue)"
        )
    }

    func needsStepUp(_ viewer: Viewer) -> Bool {
        !sessions.isFresh(viewer.signedIn, now: viewer.now)
    }

    /// Checks what came with a form that decides, where it is needed. The session then has a new
    /// secret, which must be set on the answer whatever comes of the form.
    func confirm(_ form: Form, _ viewer: Viewer) async throws -> String? {
        guard needsStepUp(viewer) else { return nil }
        guard viewer.signedIn.session.issuer == nil else {
            throw Refusal.invalid(field: "confirmation", problem: .missing)
        }
        let password = form.secret("password")
        guard !password.isEmpty else { throw Refusal.invalid(field: "password", problem: .missing) }
        return try await sessions.confirm(viewer.secret, password: password).secret
    }
}
