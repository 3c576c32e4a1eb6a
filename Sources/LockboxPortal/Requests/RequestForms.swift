import Hummingbird
import LockboxDomain
import LockboxIdentity
import LockboxService

extension Refusal {
    /// The sentence in the words of a request's forms.
    var words: String {
        switch self {
        case .invalid("comment", .missing): "Write why. The other side reads it."
        case .invalid("text", .missing): "Write your message first."
        case .invalid("password", .missing): "Give your password, so that we know it is you."
        case .invalid("keep", _): "Keep at least one resource. To give nothing, deny."
        case .badCredentials:
            "The password is wrong. After too many wrong ones, no password is right for a while."
        case .invalid("comment", let problem), .invalid("text", let problem):
            "Your text \(problem.sentence)"
        case .exceedsRequest: "You can give less than what is asked for, and never more."
        case _: sentence
        }
    }
}

/// A decision was refused after the password had been confirmed: the session goes on under a new
/// secret.
private struct RefusedAfterConfirmation: Error {
    let refusal: Refusal
    let secret: String
}

extension PortalSite {
    /// Sends a yes or no, with the password where it is needed. `path` leads to the request's page.
    func decide(
        _ draft: DecisionDraft,
        _ form: Form,
        _ id: String,
        _ visit: Visit,
        then path: String,
        _ done: Done
    ) async throws -> Response {
        let secret = try await confirm(form, visit)
        do {
            _ = try await lockbox.decide(
                draft,
                on: id,
                version: form["version"].flatMap { Int($0) },
                by: visit.person,
                key: form.commandKey
            )
        } catch let refusal as Refusal {
            guard let secret else { throw refusal }
            throw RefusedAfterConfirmation(refusal: refusal, secret: secret)
        }
        let response = seeOther(path, done)
        return secret.map { setSession($0, on: response) } ?? response
    }

    /// Takes one of the forms of a request's page. What is refused is answered by the page that
    /// `again` makes, with what was typed.
    func take(
        _ visit: Visit,
        _ command: () async throws -> Response,
        again: (Visit, Refusal) async throws -> (page: any Page, isConflict: Bool)
    ) async throws -> Response {
        let refusal: Refusal
        var secret: String?
        do {
            return try await command()
        } catch let refused as RefusedAfterConfirmation {
            (refusal, secret) = (refused.refusal, refused.secret)
        } catch let refused as Refusal {
            refusal = refused
        }
        switch refusal {
        case .notSignedIn, .notFound: throw refusal
        case _: break
        }
        var visit = visit
        if let secret, let signedIn = try await sessions.resume(secret) {
            visit = visit.going(on: signedIn, secret)
        }
        let (page, isConflict) = try await again(visit, refusal)
        let response = html(page, visit, status: isConflict ? .conflict : .unprocessableContent)
        return secret.map { setSession($0, on: response) } ?? response
    }
}
