import LockboxDomain

/// The forms in whose words a refusal is told.
enum FormSubject: Sendable {
    /// Those on a request's page, for people of one side.
    case request(Side)
    case newRequest
    case supportRequest
    /// Rules, people and the reader's own account.
    case settings
}

extension Refusal {
    /// The sentence in the words of a form: what to do with the controls that are on it. Where a
    /// form has no words of its own it is the domain's `sentence`.
    func words(on form: FormSubject) -> String {
        switch self {
        case .invalid(let field, let problem):
            problem.words(of: field, on: form) ?? sentence
        case .badCredentials:
            "The password is wrong. After too many wrong ones, no password is right for a while."
        case .unknownReference(let field, let noun):
            form.words(unknown: noun, as: field) ?? sentence
        case .exceedsRequest: "You can approve less than what is asked for, and never more."
        case .exceedsCap(let cap):
            switch form {
            case .newRequest: "This tenant allows access for at most \(cap.words)."
            case .request, .supportRequest, .settings: sentence
            }
        case .versionRequired:
            switch form {
            case .request(.provider):
                "This page was out of date. Here it is anew: please decide again."
            case .request(.tenant), .newRequest, .supportRequest, .settings: sentence
            }
        case .stale:
            switch form {
            case .request(.provider):
                "The request has changed since you opened the page. Read it again, then decide."
            case .request(.tenant), .newRequest, .supportRequest, .settings: sentence
            }
        case .keyReused:
            switch form {
            case .request(.provider):
                "This page was out of date. Here it is anew: please press again."
            case .newRequest:
                "This page was out of date. Here it is anew: look through it, and send it again."
            case .request(.tenant), .supportRequest, .settings: sentence
            }
        case .alreadyExists(let noun): form.words(existing: noun) ?? sentence
        case .notFound, .ambiguous, .notSignedIn, .tooManyAttempts, .notPermitted, .ownRequest,
            .scopeMissing, .scopeWithheld,
            .alreadyDecided, .alreadyDecidedByYou, .wrongState, .notAwaitingYou,
            .decidesLater, .signatureRequired, .nobodyCanApprove, .accessNotActive, .notLicensed,
            .limitReached,
            .dailyLimitReached, .lastAdministrator, .programsRefused, .supportRequestClosed,
            .supportRequestNotClosed:
            sentence
        }
    }
}

extension FormSubject {
    fileprivate func words(unknown noun: Refusal.Noun, as field: String) -> String? {
        guard case .newRequest = self else { return nil }
        if field == "supportRequest" {
            return "This tenant has no support request with that number."
        }
        if field == "tenant" { return "There is no such tenant." }
        return switch noun {
        case .resource, .service:
            "This tenant has no such resource. Look at its page for those it has."
        case .tenant, .person, .supportRequest, .accessRequest, .token, .credential, .notice,
            .page, .auditRecord, .group:
            nil
        }
    }

    fileprivate func words(existing noun: Refusal.Noun) -> String? {
        switch self {
        case .supportRequest: "There is a support request with this number already."
        case .request(.provider):
            noun == .credential
                ? "This form was sent before, and its credential was shown then. A credential is "
                    + "shown only once; get another one below."
                : nil
        case .request(.tenant), .newRequest, .settings: nil
        }
    }
}

extension Refusal.InputProblem {
    /// Nil where `form` has no words for what is wrong with `field`.
    fileprivate func words(of field: String, on form: FormSubject) -> String? {
        switch form {
        case .request(let side):
            switch (field, self) {
            case ("comment", .missing):
                switch side {
                case .tenant: "Write why. The other side reads it."
                case .provider: "Write why you reject it. The engineer reads it."
                }
            case ("comment", _): "Your text \(sentence)"
            case (_, _): passwordOrText(field)
            }
        case .settings: passwordOrText(field)
        case .newRequest: newRequestWords(of: field)
        case .supportRequest:
            switch (field, self) {
            case ("subject", .missing), ("subject", .tooShort): "Say in a few words what is wrong."
            case ("subject", _): "The subject \(sentence)"
            case ("description", .missing), ("description", .tooShort): "Describe what happens."
            case ("description", _): "The description \(sentence)"
            case ("number", _): "The ticket number \(sentence)"
            case ("url", _): "The address \(sentence)"
            case ("text", .missing): "Write your message first."
            case ("text", _), ("comment", _): "Your text \(sentence)"
            case (_, _): nil
            }
        }
    }

    private func passwordOrText(_ field: String) -> String? {
        switch (field, self) {
        case ("password", .missing): "Give your password, so that we know it is you."
        case ("passkey", .missing):
            "Confirm with your passkey, so that we know it is you. This needs JavaScript."
        case ("passkey", _): "The passkey \(sentence)"
        case ("newPasskey", .missing):
            "Your browser made no passkey. This needs one that knows passkeys, and JavaScript."
        case ("newPasskey", _): "The passkey \(sentence)"
        case ("passkeyName", .missing): "Give the passkey a name, so that you know it again."
        case ("passkeyName", _): "The name \(sentence)"
        case ("confirmation", _):
            "First confirm where you signed in that it is you. The link is beside the button."
        case ("newPassword", .missing): "Give the new password."
        case ("newPassword", _): "The new password \(sentence)"
        case ("newPasswordAgain", _): "The second new password \(sentence)"
        case ("code", .missing): "Type the code that is in the e-mail."
        case ("code", _): "The code \(sentence)"
        case ("text", .missing): "Write your message first."
        case ("text", _): "Your text \(sentence)"
        case ("keep", _): "Keep at least one resource. To give nothing, deny."
        case (_, _): nil
        }
    }

    private func newRequestWords(of field: String) -> String? {
        switch (field, self) {
        case ("resources", .missing): "Choose at least one resource."
        case ("resources", .notAllowedHere(let why)): why
        case ("reason", .missing):
            "Write why you need it. The customer decides by what you write."
        case ("reason", _): "The reason \(sentence)"
        case ("duration", .outOfRange): "The time is too short."
        case ("duration", _): "The time \(sentence)"
        case ("notBefore", .outOfRange("an instant in the future")):
            "The start is in the past. Times are UTC."
        case ("notBefore", .outOfRange):
            "The start is too far ahead: at most \(Limits.scheduleAhead.words) are allowed."
        case ("notBefore", _): "The start \(sentence)"
        case (_, .duplicate): "A resource is given twice."
        case (_, .outOfRange(let range)): "Too much at once; allowed is \(range)."
        case (_, _): nil
        }
    }
}
