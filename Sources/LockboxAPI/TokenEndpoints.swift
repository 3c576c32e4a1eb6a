import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxWire

extension API {
    /// API tokens: one's own, and for administrators those of their tenant's people.
    var tokenEndpoints: [Route] { ownTokens + tenantTokens }

    private var ownTokens: [Route] {
        [
            Route(
                .post,
                "/v1/tokens",
                OperationDescription(
                    "signIn",
                    .signIn,
                    "Get an API token with a password",
                    details:
                        "For `read` and `ask`, where nothing else is said. No token gets another "
                        + "one: a password does, and the portal.",
                    by: .password,
                    takes: [.idempotencyKey],
                    body: .json("NewToken"),
                    answers: .json("IssuedToken", "The token, shown this once.", status: .created),
                    refuses: []
                )
            ) { request, context in
                let body = try await request.json(LockboxWire.NewToken.self).value
                let new = try await signIn.issueToken(
                    email: body.email,
                    password: body.password,
                    try TokenTerms(
                        label: body.label ?? "",
                        scopes: body.scopes,
                        days: body.days,
                        addresses: body.addresses ?? []
                    ),
                    from: client(of: request, context)
                )
                return try JSONAnswer.response(IssuedToken(new), status: .created)
            },
            signedIn(
                .get,
                "/v1/tokens",
                TokenOperation(
                    "listTokens",
                    .signIn,
                    "The caller's API tokens",
                    needs: .read,
                    takes: [.limit],
                    answers: .json("TokenList"),
                    refuses: []
                )
            ) { request, _, caller in
                try request.wholeList()
                let tokens = try await signIn.tokens(of: caller)
                return try JSONAnswer.response(
                    List(items: tokens.map { TokenBody($0, of: caller) }, next: nil)
                )
            },
            withToken(
                .delete,
                "/v1/tokens/{id}",
                [
                    TokenOperation(
                        "revokeToken",
                        .signIn,
                        "Revoke one of the caller's API tokens",
                        needs: .any,
                        details:
                            "Every token can revoke itself; another one, only a token that is for "
                            + "more than `read`.",
                        takes: [.token],
                        answers: .init(.noContent, "It is revoked."),
                        refuses: [.notFound]
                    )
                ]
            ) { _, context, caller in
                let id = try context.parameters.text("id")
                if id != caller.token.id.text {
                    try ScopeNeed.end.check(caller.token.scopes, withheld: [])
                }
                try await signIn.revokeToken(id, of: caller.person)
                return Response(status: .noContent)
            },
            signedIn(
                .get,
                "/v1/me",
                TokenOperation(
                    "me",
                    .signIn,
                    "Who the caller is",
                    needs: .any,
                    answers: .json("Me", "The caller."),
                    refuses: []
                )
            ) { _, _, caller in
                try JSONAnswer.response(
                    Me(
                        id: caller.id.text,
                        name: caller.name,
                        email: caller.email.text,
                        side: caller.side == .provider ? "provider" : "tenant",
                        tenant: caller.side.tenant?.text,
                        roles: caller.roles.names
                    )
                )
            },
        ]
    }

    private var tenantTokens: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/tokens",
                TokenOperation(
                    "listTenantTokens",
                    .directory,
                    "The API tokens of the tenant's people, for its administrators",
                    needs: .read,
                    takes: [.tenant, .limit],
                    answers: .json("TokenList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let tokens = try await signIn.tokens(
                    ofTenant: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(items: tokens.map { TokenBody($0.token, of: $0.person) }, next: nil)
                )
            },
            signedIn(
                .delete,
                "/v1/tenants/{tenant}/tokens/{id}",
                TokenOperation(
                    "revokeTenantToken",
                    .directory,
                    "Revoke an API token of one of the tenant's people",
                    needs: .administer,
                    details: "By its administrators. Whose it was is told by e-mail.",
                    takes: [.tenant, .token],
                    answers: .init(.noContent, "It is revoked."),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                try await signIn.revokeToken(
                    try context.parameters.text("id"),
                    ofTenant: try context.parameters.text("tenant"),
                    by: caller
                )
                return Response(status: .noContent)
            },
        ]
    }
}

extension IssuedToken {
    fileprivate init(_ new: LockboxIdentity.NewToken) {
        self.init(
            id: new.token.id.text,
            token: new.secret,
            person: PersonRef(new.person),
            scopes: new.token.scopes.names,
            addresses: new.token.addresses.map(\.description),
            expiresAt: new.token.expiresAt?.description
        )
    }
}

extension TokenBody {
    fileprivate init(_ token: APIToken, of person: Person) {
        self.init(
            id: token.id.text,
            person: PersonRef(person),
            label: token.label,
            login: token.login != nil,
            scopes: token.scopes.names,
            addresses: token.addresses.map(\.description),
            createdAt: token.createdAt.description,
            expiresAt: token.expiresAt?.description,
            lastUsedAt: token.lastUse?.at.description,
            lastUsedFrom: token.lastUse?.from?.description
        )
    }
}
