import Foundation
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
    /// What became of the requests of a month, for those who review access.
    var reportEndpoints: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/reports/{month}",
                TokenOperation(
                    "getReport",
                    .audit,
                    "What became of the requests of a month",
                    needs: .read,
                    details: "Each request that was made in that month of UTC: who asked, who "
                        + "decided when, what was opened, used and never used, and whether services "
                        + "confirmed the end. For those who may read the tenant's log.",
                    takes: [.tenant, .month],
                    answers: OperationDescription.Answer(
                        .ok,
                        "The oldest request first.",
                        content: [
                            "application/json": .schema("Report"), "text/csv": ["type": "string"],
                        ]
                    ),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try await report(request, context, caller)
            }
        ]
    }

    private func report(_ request: Request, _ context: APIContext, _ caller: Person) async throws
        -> Response
    {
        let offered = [("application/json", false), ("text/csv", true)]
        guard let isCSV = AcceptedTypes(request.headers[.accept]).best(of: offered) else {
            throw BoundaryError.notAcceptable("application/json and text/csv")
        }
        guard let month = ReportMonth(try context.parameters.text("month")) else {
            throw BoundaryError.badParameter("month", expected: "a month, such as 2026-11")
        }
        let mark = try request.flag("bom") ?? false
        let tenant = try context.parameters.text("tenant")
        // Before the answer begins, which could not say any more that there is none.
        let place = try await lockbox.reportPlace(tenant: tenant, for: caller)
        let token = request.headers[.authorization]?.bearerToken ?? ""
        return Response(
            status: .ok,
            headers: [.contentType: isCSV ? ReportFile.csvType : "application/json"],
            body: .init { writer in
                var file = ReportFile(month, tenant: tenant, isCSV: isCSV, byteOrderMark: mark)
                let isWhole = try await lockbox.report(
                    of: month,
                    tenant: tenant,
                    by: caller,
                    holding: place
                ) { entry in
                    guard let part = try file.add(entry) else { return }
                    try context.checkPresence()
                    // A role or a token that was taken away meanwhile ends it in the middle.
                    let reader = try await checked(token, of: request, context, needing: .read)
                    _ = try await lockbox.readableLog(tenant: tenant, by: reader.person)
                    try await writer.write(ByteBuffer(bytes: part))
                }
                try await writer.write(ByteBuffer(bytes: file.end(isWhole: isWhole)))
                try await writer.finish(nil)
            }
        )
    }
}
