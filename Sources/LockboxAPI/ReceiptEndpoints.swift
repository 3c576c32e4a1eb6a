import HTTPTypes
import Hummingbird
import LockboxAudit
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire
import NIOCore

extension API {
    /// What is left of a request once it is over, in one file.
    var receiptEndpoints: [Route] {
        [
            signedIn(
                .get,
                "/v1/requests/{id}/receipt",
                TokenOperation(
                    "getReceipt",
                    .audit,
                    "The receipt of a request that is over",
                    needs: .read,
                    details:
                        "For those who may read the tenant's log. The records of the request with "
                        + "their proofs and all that they rest on, to be verified without any server "
                        + "(docs/spec/receipt.md).",
                    takes: [.request],
                    answers: OperationDescription.Answer(
                        .ok,
                        "The receipt; as HTML a document to read and print, which has it in it.",
                        content: [
                            "application/json": .schema("Receipt"),
                            "text/html": ["type": "string"],
                        ]
                    ),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                try await receipt(request, context, caller)
            }
        ]
    }

    private func receipt(_ request: Request, _ context: APIContext, _ caller: Person) async throws
        -> Response
    {
        let offered = [("application/json", false), ("text/html", true)]
        guard let isPage = AcceptedTypes(request.headers[.accept]).best(of: offered) else {
            throw BoundaryError.notAcceptable("application/json and text/html")
        }
        let text = try context.parameters.text("id")
        let (id, log) = try await lockbox.receiptSubject(text, by: caller)
        let now = clock.now()
        // Before the answer begins, which could not say any more that there is none.
        let place = try self.log.exportPlace(of: log, for: caller.id, at: now)
        let token = request.headers[.authorization]?.bearerToken ?? ""
        let isWanted: @Sendable () async throws -> Void = {
            try context.checkPresence()
            // A role or a token that was taken away meanwhile ends it in the middle.
            let reader = try await checked(token, of: request, context, needing: .read)
            _ = try await lockbox.receiptSubject(text, by: reader.person)
        }
        if isPage {
            let whole = try await self.log.receipt(
                of: id,
                in: log,
                at: now,
                holding: place,
                isWanted: isWanted
            )
            return Response(
                status: .ok,
                headers: [.contentType: "text/html; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(bytes: try receiptPage(whole)))
            )
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/json"],
            body: .init { writer in
                try await self.log.receipt(
                    of: id,
                    in: log,
                    at: now,
                    holding: place,
                    isWanted: isWanted,
                    to: { try await writer.write(ByteBuffer(bytes: $0)) }
                )
                try await writer.finish(nil)
            }
        )
    }
}
