import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxService
import LockboxWire
import Logging

extension PortalSite {
    /// Turns every error into a page that a person understands, and sets the headers that all
    /// answers share.
    var boundary: Boundary {
        Boundary { error, request, context in
            var response = try await answer(to: error, request, context)
            switch error {
            case Refusal.tooManyAttempts(let wait), Refusal.dailyLimitReached(_, let wait):
                response.headers[.retryAfter] = String(max(1, wait.milliseconds / 1000))
            case PortalError.foreignForm(let foreign?):
                context.logger.warning(
                    "a form was refused: its origin is not publicURL",
                    metadata: ["origin": "\(foreign.sent)", "publicURL": "\(foreign.ours)"]
                )
            case _: break
            }
            return response
        } finish: { _, response in
            for (name, value) in Self.headers where response.headers[name] == nil {
                response.headers[name] = value
            }
            if isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        }
    }

    /// Nothing from elsewhere, nothing inline, in nobody's frame. `same-origin` and not
    /// `no-referrer`: with the latter browsers send `Origin: null` with our own forms.
    private static let headers: [(HTTPField.Name, String)] = [
        (.contentSecurityPolicy, contentPolicy()),
        named("X-Frame-Options", "DENY"), named("Referrer-Policy", "same-origin"),
        named("Cross-Origin-Opener-Policy", "same-origin"),
        named("Cross-Origin-Resource-Policy", "same-origin"),
        named("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ].compactMap { $0 }

    /// `origin`: where else a form of the page leads.
    static func contentPolicy(formsTo origin: String? = nil) -> String {
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'\(origin.map { " \($0)" } ?? ""); frame-ancestors 'none'; "
            + "base-uri 'none'"
    }

    private static func named(_ name: String, _ value: String) -> (HTTPField.Name, String)? {
        HTTPField.Name(name).map { ($0, value) }
    }

    private func answer(to error: any Error, _ request: Request, _ context: PortalContext)
        async throws -> Response
    {
        switch error {
        case Refusal.notSignedIn:
            let wanted = request.uri.path + (request.uri.query.map { "?\($0)" } ?? "")
            return seeOther(
                wanted == "/" ? "/sign-in" : "/sign-in?next=\(wanted.asQueryValue)"
            )
        case let failure as SignInFailure:
            let response = doorPage(SignInFailedPage(failure), status: failure.status)
            return failure.isOver ? clearAttempt(on: response) : response
        case _: break
        }
        let page = ErrorPage(error)
        do {
            return html(page, try await viewer(of: request, context), status: page.status)
        } catch {
            // Nobody is signed in, or the store cannot be asked who: the page says the same without
            // a frame.
            return doorPage(page, status: page.status)
        }
    }
}

/// Something cannot be shown or done: why, and what to do.
struct ErrorPage: Page {
    static let template = PageTemplate(PackageResources.error_mustache)

    let title: String
    let sentence: String
    let advice: String
    /// What a person had typed at length, given back to her.
    var keptTexts: [String] = []
    var link = "/"
    var linkLabel = "Go to your start page"
    var status: HTTPResponse.Status

    init(_ error: any Error) {
        switch error {
        case Refusal.notFound:
            self.init(
                "Nothing here",
                "There is no such page, or it is not yours to see.",
                "The address may be mistyped, or you may be signed in as somebody else.",
                .notFound
            )
        case Refusal.notPermitted(let permission):
            self.init(
                "Not yours to do",
                permission.sentence,
                "Ask someone who holds that role.",
                .forbidden
            )
        case Refusal.tooManyAttempts:
            self.init(
                "Too many attempts",
                "Please wait a little.",
                "Then try again.",
                .tooManyRequests
            )
        case Refusal.dailyLimitReached:
            self.init(
                "Too much for one day",
                (error as? Refusal)?.sentence ?? "",
                "Nothing was changed.",
                .tooManyRequests
            )
        case let refusal as Refusal:
            self.init(
                "That did not work",
                refusal.sentence,
                "Nothing was changed. Go back and try again.",
                .conflict
            )
        case let error as PortalError: self.init(error)
        case let error as any HTTPResponseError
        where error.status == .notFound || error.status == .methodNotAllowed:
            self.init(
                "Nothing here",
                "There is no such page, or it is not yours to see.",
                "The address may be mistyped, or you may be signed in as somebody else.",
                .notFound
            )
        case is EndNotRecorded, is WriteHeldBack, is StoreError, is EnforcerError:
            self.init(unavailable: error)
        case _:
            self.init(
                "Something went wrong",
                "It was written to the server's log.",
                "If you sent something, look whether it was done before you send it again.",
                .internalServerError
            )
        }
    }

    /// The machine, the database or a service is in no state to do it.
    private init(unavailable error: any Error) {
        switch error {
        case StoreError.busy:
            self.init(
                "Too much at once",
                "As many searches, exports and checks are going on as can at once.",
                "Nothing was changed. Try again in a moment.",
                .serviceUnavailable
            )
        case let error as EndNotRecorded:
            self.init(
                "Shut, but not recorded yet",
                error.sentence,
                "The page of the request says when it is recorded.",
                .serviceUnavailable
            )
        case let error as WriteHeldBack:
            self.init(
                "Not possible just now",
                error.sentence,
                "Nothing was changed.",
                .serviceUnavailable
            )
        case StoreError.corrupt:
            self.init(
                "What is stored is damaged",
                "Something that this needs is not as Lockbox wrote it.",
                "Nothing was changed. The server's log says what it is: tell whoever runs Lockbox.",
                .serviceUnavailable
            )
        case is StoreError:
            self.init(
                "Not available just now",
                "Lockbox cannot reach its database.",
                "Nothing was changed. Try again in a moment.",
                .serviceUnavailable
            )
        case _:
            self.init(
                "Not available just now",
                "The service cannot open the access.",
                "Try again in a moment.",
                .serviceUnavailable
            )
        }
    }

    private init(_ error: PortalError) {
        switch error {
        case .foreignForm(nil):
            self.init(
                "This form is not from here",
                "It was not sent from a page of yours, or that page was too old.",
                "Nothing was changed. Open the page again and send it from there.",
                .forbidden
            )
        case .foreignForm(let foreign?):
            self.init(
                "This form is not from here",
                "Your browser says that it comes from \(foreign.sent), but this Lockbox is known as "
                    + "\(foreign.ours).",
                "Nothing was changed. Open Lockbox under that address. If you did, whoever runs it "
                    + "has to set publicURL to the address that browsers use.",
                .forbidden
            )
        case .notAForm:
            self.init(
                "That could not be read",
                "It was not a form of ours.",
                "Nothing was changed.",
                .badRequest
            )
        case .unknownCommandLine:
            self.init(
                "This is no sign-in of ours",
                "What sent you here is not the command line of Lockbox, or it asks in a way that "
                    + "this Lockbox does not know.",
                "Nothing was allowed. Start “lockbox login” again; if this comes again, its release "
                    + "and the server’s may not fit.",
                .badRequest
            )
        case .malformedField(let field):
            self.init(
                "That could not be read",
                "The field “\(field)” holds something that no page of Lockbox sends.",
                "Nothing was changed. Open the page again and send it from there.",
                .badRequest
            )
        case .formTooLarge:
            self.init(
                "That is too much",
                "The text is too long.",
                "Nothing was changed. Shorten it.",
                .contentTooLarge
            )
        case .signedOutMeanwhile(let kept, let back):
            self.init(
                "You were signed out",
                "Your session ended before this was sent, so it was not taken.",
                "Sign in again; you come back to the page, which says how things stand.",
                .unauthorized
            )
            keptTexts = kept
            link = "/sign-in?next=\(back.asQueryValue)"
            linkLabel = "Sign in again"
        }
    }

    init(
        _ title: String,
        _ sentence: String,
        _ advice: String,
        _ status: HTTPResponse.Status
    ) {
        self.title = title
        self.sentence = sentence
        self.advice = advice
        self.status = status
    }
}

extension String {
    /// As a value in a query: everything but letters, digits and `-._~/` is percent-encoded.
    var asQueryValue: String { PercentEncoding.encode(self, keeping: "/") }

    /// The path of one of our own pages, from a query or form; nil for anything that a browser
    /// could take for another site.
    var asLocalPath: String? {
        guard hasPrefix("/"), !hasPrefix("//"), !contains("\\"),
            unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 })
        else { return nil }
        return self
    }
}
