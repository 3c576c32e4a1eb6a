import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

/// What approvers sign, and the keys with which they do.
extension API {
    var signingEndpoints: [Route] { [statementEndpoint] + changeStatements + keyEndpoints }

    private var statementEndpoint: Route {
        signedIn(
            .post,
            "/v1/requests/{id}/statement",
            TokenOperation(
                "makeStatement",
                .accessRequests,
                "What an approver signs to approve so",
                needs: .decide,
                details: "Takes what a decision takes, and decides nothing. The statement goes "
                    + "back with the decision, byte by byte, within five minutes.",
                takes: [.request, .ifMatch],
                body: .json("NewDecision"),
                answers: .json("ApprovalStatement"),
                refuses: [.notFound, .conflict]
            )
        ) { request, context, caller in
            let body = try await request.json(NewDecision.self)
            let statement = try await lockbox.statement(
                for: try body.value.draft(),
                on: try context.parameters.text("id"),
                matching: try request.matchedVersion(orBody: body.value.version),
                by: caller
            )
            return try JSONAnswer.response(ApprovalStatementBody(statement: statement))
        }
    }

    /// What is signed by whoever ends access, or changes rules.
    private var changeStatements: [Route] {
        [
            signedIn(
                .post,
                "/v1/requests/{id}/revoke/statement",
                TokenOperation(
                    "makeRevokeStatement",
                    .accessRequests,
                    "What somebody of the customer signs to end access",
                    needs: .end,
                    details: "Ends nothing. The statement goes back with the revoke, byte by byte, "
                        + "within five minutes.",
                    takes: [.request],
                    answers: .json("ApprovalStatement"),
                    refuses: [.notFound, .conflict]
                )
            ) { _, context, caller in
                let statement = try await lockbox.revokeStatement(
                    on: try context.parameters.text("id"),
                    by: caller
                )
                return try JSONAnswer.response(ApprovalStatementBody(statement: statement))
            },
            signedIn(
                .post,
                "/v1/tenants/{tenant}/policy/statement",
                TokenOperation(
                    "makePolicyStatement",
                    .directory,
                    "What an administrator signs to change the tenant's rules so",
                    needs: .administer,
                    details:
                        "Takes what a change takes, and changes nothing. The statement goes back "
                        + "with the change, byte by byte, within five minutes.",
                    takes: [.tenant, .ifMatch],
                    body: .json("NewPolicy"),
                    answers: .json("ApprovalStatement"),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let new = try await request.json(NewPolicy.self).value
                let statement = try await lockbox.policyStatement(
                    of: try context.parameters.text("tenant"),
                    to: try new.policy(),
                    matching: try request.matchedVersion(orBody: new.version),
                    completing: new.completed,
                    by: caller
                )
                return try JSONAnswer.response(ApprovalStatementBody(statement: statement))
            },
            signedIn(
                .post,
                "/v1/tenants/{tenant}/policy/changes/{change}/statement",
                TokenOperation(
                    "makeAgreementStatement",
                    .directory,
                    "What somebody signs to agree to looser rules that wait",
                    needs: .decide,
                    details: "Changes nothing. The statement goes back with the agreement, byte by "
                        + "byte, within five minutes.",
                    takes: [.tenant, .policyChange],
                    answers: .json("ApprovalStatement"),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                let said = try await lockbox.agreementStatement(
                    to: try context.parameters.text("change"),
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(ApprovalStatementBody(statement: said.statement))
            },
        ]
    }

    private var keyEndpoints: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/signing-keys",
                TokenOperation(
                    "listSigningKeys",
                    .directory,
                    "The keys with which people of the tenant sign approvals",
                    needs: .read,
                    takes: [.tenant, .limit],
                    answers: .json("SigningKeyList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let keys = try await lockbox.signingKeys(
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: keys.map(SigningKeyBody.init), next: nil)
                )
            },
            signedIn(
                .post,
                "/v1/tenants/{tenant}/signing-keys",
                TokenOperation(
                    "addSigningKey",
                    .directory,
                    "Add an SSH key of one’s own",
                    needs: .decide,
                    details:
                        "It counts once an administrator who is somebody else has confirmed it, "
                        + "or after the tenant’s cooling-off.",
                    takes: [.tenant],
                    body: .json("NewSigningKey"),
                    answers: .json("AddedSigningKey"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                let body = try await request.json(NewSigningKey.self)
                let key = try await lockbox.addSigningKey(
                    body.value.publicKey,
                    name: body.value.name,
                    to: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(["id": key.id])
            },
            withToken(
                .post,
                "/v1/tenants/{tenant}/signing-keys/{key}/confirm",
                [
                    TokenOperation(
                        "confirmSigningKey",
                        .directory,
                        "Say that a key is that person’s, so that it counts from now on",
                        needs: .administer,
                        takes: [.tenant, .signingKey],
                        answers: .init(.noContent, "It is confirmed."),
                        refuses: [.notFound]
                    )
                ]
            ) { _, context, caller in
                try await lockbox.confirmSigningKey(
                    try context.parameters.text("key"),
                    of: try context.parameters.text("tenant"),
                    with: caller.token.scopes,
                    by: caller.person
                )
                return Response(status: .noContent)
            },
            signedIn(
                .delete,
                "/v1/tenants/{tenant}/signing-keys/{key}",
                TokenOperation(
                    "removeSigningKey",
                    .directory,
                    "Remove an SSH key",
                    needs: .decide,
                    takes: [.tenant, .signingKey],
                    answers: .init(.noContent, "It is removed."),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                try await lockbox.removeSigningKey(
                    try context.parameters.text("key"),
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return Response(status: .noContent)
            },
        ]
    }
}
