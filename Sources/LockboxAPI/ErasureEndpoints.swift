import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService
import LockboxWire

/// Erasing texts of a tenant's log (GDPR, article 17).
extension API {
    var erasureEndpoints: [Route] { [eraseTexts, previewErasure] }

    private var eraseTexts: Route {
        signedIn(
            .post,
            "/v1/tenants/{tenant}/audit/erasures",
            TokenOperation(
                "eraseTexts",
                .audit,
                "Erase texts of the log for good",
                needs: .administer,
                details:
                    "Texts and their salts go, in the log and wherever they are repeated; the records "
                    + "and their hashes stay, and a record `texts.erased` says which went, by whom and "
                    + "why. What belongs to a request that waits or may be open is refused, and then "
                    + "nothing goes.",
                takes: [.tenant],
                body: .json("NewErasure"),
                answers: .json("Erasure", "What went."),
                refuses: [.notFound]
            )
        ) { request, context, caller in
            let new = try await request.json(NewErasure.self).value
            let erased = try await lockbox.eraseTexts(
                of: try context.parameters.text("tenant"),
                try new.selection,
                because: new.reason,
                by: caller
            )
            return try JSONAnswer.response(
                ErasureBody(texts: erased.texts, records: erased.records)
            )
        }
    }
}

extension API {
    private var previewErasure: Route {
        signedIn(
            .post,
            "/v1/tenants/{tenant}/audit/erasures/preview",
            TokenOperation(
                "previewErasure",
                .audit,
                "What an erasure would take away",
                needs: .administer,
                details:
                    "Takes what an erasure takes, refuses what that refuses, and erases nothing. Of "
                    + "much it tells the first \(Limits.erasurePreview) texts.",
                takes: [.tenant],
                body: .json("NewErasure"),
                answers: .json("ErasurePreview", "What would go."),
                refuses: [.notFound]
            )
        ) { request, context, caller in
            let preview = try await lockbox.erasurePreview(
                of: try context.parameters.text("tenant"),
                try await request.json(NewErasure.self).value.selection,
                by: caller
            )
            return try JSONAnswer.response(
                ErasurePreviewBody(
                    texts: preview.texts,
                    records: preview.records,
                    more: preview.isCut,
                    directory: preview.person != nil
                )
            )
        }
    }
}

extension NewErasure {
    fileprivate var selection: TextSelection {
        get throws(Refusal) {
            var chosen: [TextSelection] = []
            if let records { chosen.append(.records(records, fields: fields)) }
            if let request {
                guard let id = AccessRequestID(request) else { throw .notFound(.accessRequest) }
                chosen.append(.request(id))
            }
            if let supportRequest {
                guard let number = SupportRequestNumber(supportRequest) else {
                    throw .notFound(.supportRequest)
                }
                chosen.append(.supportRequest(number))
            }
            if let person {
                guard let id = PersonID(person) else { throw .notFound(.person) }
                chosen.append(.person(id))
            }
            guard let only = chosen.first else {
                throw .invalid(field: "records", problem: .missing)
            }
            guard chosen.count == 1, fields == nil || records != nil else {
                throw .invalid(
                    field: fields != nil && records == nil ? "fields" : "records",
                    problem: .notAllowedHere(
                        "cannot be combined so: name records, a request, a support request or a "
                            + "person."
                    )
                )
            }
            return only
        }
    }
}
