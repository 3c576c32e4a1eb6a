import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts

/// Where the link of an invitation leads: the code and a password, or why it opens nothing. It names
/// nobody, since whoever has the link sees it.
struct InvitationPage: Page {
    static let template = PageTemplate(PackageResources.invitation_mustache)

    let title = "Choose your password"
    let action: String
    let shortestPassword = IdentityLimits.chosenPasswordLength.lowerBound
    var problem: String?
}

extension PortalSite {
    /// What to do before one can sign in: choose a password, or say that it is forgotten.
    var passwordRoutes: [Route] { invitationRoutes + forgottenPasswordRoutes }

    private var invitationRoutes: [Route] {
        [
            Route(method: .get, path: "/invitation/{id}") { request, context in
                let id = try context.id()
                return try await orWhyItIsOver {
                    try await invitations.look(id, by: try await lookingPerson(request))
                    return doorPage(InvitationPage(action: Self.path(of: id)))
                }
            },
            Route(method: .post, path: "/invitation/{id}") { request, context in
                try checkOrigin(of: request)
                let form = try await Form(request)
                let id = try context.id()
                do {
                    return try await orWhyItIsOver {
                        try await choosePassword(
                            form,
                            id,
                            by: try await lookingPerson(request),
                            from: client(of: request, context),
                            request
                        )
                    }
                } catch let refusal as Refusal {
                    if case .invalid = refusal {} else { throw refusal }
                    return doorPage(
                        InvitationPage(
                            action: Self.path(of: id),
                            problem: refusal.words(on: .settings)
                        ),
                        status: .unprocessableContent
                    )
                }
            },
        ]
    }

    private static func path(of id: String) -> String { "/invitation/\(id.asQueryValue)" }

    /// What `take` answers, or the page that says why the link opens nothing here.
    private func orWhyItIsOver(_ take: () async throws -> Response) async throws -> Response {
        do {
            return try await take()
        } catch let over as InvitationOver {
            return doorPage(over.page, status: over.page.status)
        } catch is InvitationOfAnother {
            return doorPage(ErrorPage.invitationOfAnother, status: .conflict)
        }
    }

    private func choosePassword(
        _ form: Form,
        _ id: String,
        by viewer: Person?,
        from client: ClientKey,
        _ request: Request
    ) async throws -> Response {
        let new = form.secret("newPassword")
        guard form["code"] == nil || !new.isEmpty else {
            throw Refusal.invalid(field: "newPassword", problem: .missing)
        }
        guard form.secret("newPasswordAgain") == new else {
            throw Refusal.invalid(
                field: "newPasswordAgain",
                problem: .notAllowedHere("is not the same as the first.")
            )
        }
        let begun = try await invitations.use(
            id,
            code: form["code"] ?? "",
            password: new,
            by: viewer,
            from: client
        )
        return try await letIn(begun, to: "/account", request, .passwordChosen)
    }

    /// Who is signed in here, if anybody is. It counts as no use of the session.
    private func lookingPerson(_ request: Request) async throws -> Person? {
        guard let secret = sessionSecret(of: request) else { return nil }
        return try await sessions.look(secret)?.person
    }
}

extension InvitationOver {
    /// Why, and what to do. Whoever has the link learns nothing of anybody.
    fileprivate var page: ErrorPage {
        let (sentence, advice) =
            switch standing {
            case nil, .open?:
                (
                    "There is no such invitation.",
                    "Copy the whole address out of the e-mail. If it is whole, the e-mail is too "
                        + "old."
                )
            case .used?:
                (
                    "This link was used already, and is good once.",
                    "If that was you, sign in with the password that you chose. If it was not, ask "
                        + "for a new password at once: then whoever used it is signed out."
                )
            case .expired?:
                ("The time of this link is over.", "Ask for a new e-mail.")
            case .guessed?:
                (
                    "Too many wrong codes were typed here: this link is good for nothing any more.",
                    "Ask for a new e-mail."
                )
            case .withdrawn?:
                (
                    "This link is good for nothing any more.",
                    "There may be a newer e-mail: only the newest one counts. Otherwise ask "
                        + "whoever invited you."
                )
            }
        var page = ErrorPage(
            standing == nil ? "Nothing here" : "This link is over",
            sentence,
            advice,
            standing == nil ? .notFound : .gone
        )
        (page.link, page.linkLabel) =
            standing == .used
            ? ("/sign-in", "Sign in") : ("/forgotten-password", "Get a new e-mail")
        return page
    }
}

extension ErrorPage {
    fileprivate static var invitationOfAnother: ErrorPage {
        var page = ErrorPage(
            "This link is for somebody else",
            "You are signed in here as somebody whom it was not sent to.",
            "Nothing was changed. If the link is for another account of yours, sign out first and "
                + "open it again.",
            .conflict
        )
        (page.link, page.linkLabel) = ("/account", "Go to your account")
        return page
    }
}
