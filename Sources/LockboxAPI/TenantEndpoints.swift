import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

extension API {
    var tenantEndpoints: [Route] { tenantAndPolicy + tenantPeopleAndResources }

    private var tenantAndPolicy: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants",
                OperationDescription(
                    "listTenants",
                    .directory,
                    "The tenants that the caller can see",
                    takes: [.limit],
                    answers: .json("TenantList"),
                    refuses: []
                )
            ) { request, _, caller in
                try request.wholeList()
                return try JSONAnswer.response(
                    List(
                        items: try await lockbox.tenants(by: caller).map(TenantBody.init),
                        next: nil
                    )
                )
            },
            signedIn(
                .get,
                "/v1/tenants/{tenant}",
                OperationDescription(
                    "getTenant",
                    .directory,
                    "One tenant",
                    takes: [.tenant],
                    answers: .json("Tenant", "The tenant."),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                try JSONAnswer.response(
                    TenantBody(
                        try await lockbox.tenant(try context.parameters.text("tenant"), by: caller)
                    )
                )
            },
            signedIn(
                .get,
                "/v1/tenants/{tenant}/policy",
                OperationDescription(
                    "getPolicy",
                    .directory,
                    "The tenant's own rules",
                    takes: [.tenant],
                    answers: .versioned("Policy", "The policy."),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                let tenant = try await lockbox.tenant(
                    try context.parameters.text("tenant"),
                    by: caller
                )
                try request.requireMatch(tenant.version)
                guard request.matchesNone(of: tenant.tag) else {
                    return Response(status: .notModified, headers: [.eTag: tenant.tag])
                }
                return try JSONAnswer.response(PolicyBody(tenant), headers: [.eTag: tenant.tag])
            },
            signedIn(
                .put,
                "/v1/tenants/{tenant}/policy",
                OperationDescription(
                    "setPolicy",
                    .directory,
                    "Change the tenant's own rules",
                    takes: [.tenant, .ifMatch],
                    body: .json("NewPolicy"),
                    answers: .versioned("Policy", "The policy as it is now."),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let new = try await request.json(NewPolicy.self).value
                let tenant = try await lockbox.changePolicy(
                    of: try context.parameters.text("tenant"),
                    to: try new.policy(),
                    matching: try request.matchedVersion(orBody: new.version),
                    by: caller
                )
                return try JSONAnswer.response(PolicyBody(tenant), headers: [.eTag: tenant.tag])
            },
        ]
    }

    /// Who and what belongs to a tenant, and the services.
    private var tenantPeopleAndResources: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/people",
                OperationDescription(
                    "listPeople",
                    .directory,
                    "The tenant's people and their roles",
                    takes: [.tenant, .limit],
                    answers: .json("PersonList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let people = try await lockbox.people(
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(List(items: people.map(PersonBody.init), next: nil))
            },
            signedIn(
                .put,
                "/v1/tenants/{tenant}/people/{person}",
                OperationDescription(
                    "setRoles",
                    .directory,
                    "Say what a person of the tenant may do",
                    takes: [.tenant, .person],
                    body: .json("NewRoles"),
                    answers: .json("Person", "The person as they are now."),
                    refuses: [.notFound, .conflict]
                )
            ) { request, context, caller in
                let roles = try await request.json(NewRoles.self).value.roles
                let person = try await lockbox.changeRoles(
                    of: try context.parameters.text("person"),
                    in: try context.parameters.text("tenant"),
                    to: roles,
                    by: caller
                )
                return try JSONAnswer.response(PersonBody(person))
            },
            signedIn(
                .get,
                "/v1/tenants/{tenant}/resources",
                OperationDescription(
                    "listResources",
                    .directory,
                    "What can be opened",
                    takes: [.tenant, .limit],
                    answers: .json("ResourceList"),
                    refuses: [.notFound]
                )
            ) { request, context, caller in
                try request.wholeList()
                let resources = try await lockbox.resources(
                    of: try context.parameters.text("tenant"),
                    by: caller
                )
                return try JSONAnswer.response(
                    List(
                        items: resources.map {
                            ResourceBody(service: $0.service.text, id: $0.name)
                        },
                        next: nil
                    )
                )
            },
            signedIn(
                .get,
                "/v1/services",
                OperationDescription(
                    "listServices",
                    .directory,
                    "The services that obey Lockbox",
                    takes: [.limit],
                    answers: .json("ServiceList"),
                    refuses: []
                )
            ) { request, _, caller in
                try request.wholeList()
                let services = try await lockbox.services(by: caller)
                return try JSONAnswer.response(
                    List(
                        items: services.map {
                            ServiceBody(
                                id: $0.id.text,
                                kind: $0.kind.rawValue,
                                resources: $0.resourceType
                            )
                        },
                        next: nil
                    )
                )
            },
        ]
    }

    var tokenEndpoints: [Route] {
        [
            Route(
                .post,
                "/v1/tokens",
                OperationDescription(
                    "signIn",
                    .signIn,
                    "Get an API token with a password",
                    by: .password,
                    takes: [.idempotencyKey],
                    body: .json("NewToken"),
                    answers: .json("IssuedToken", "The token, shown this once.", status: .created),
                    refuses: []
                )
            ) { request, context in
                let body = try await request.json(NewToken.self).value
                let new = try await signIn.issueToken(
                    email: body.email,
                    password: body.password,
                    label: body.label ?? "",
                    from: client(of: request, context)
                )
                return try JSONAnswer.response(
                    IssuedToken(
                        id: new.token.id.text,
                        token: new.secret,
                        person: PersonRef(new.person),
                        expiresAt: new.token.expiresAt?.description
                    ),
                    status: .created
                )
            },
            signedIn(
                .get,
                "/v1/tokens",
                OperationDescription(
                    "listTokens",
                    .signIn,
                    "The caller's API tokens",
                    takes: [.limit],
                    answers: .json("TokenList"),
                    refuses: []
                )
            ) { request, _, caller in
                try request.wholeList()
                let tokens = try await signIn.tokens(of: caller)
                return try JSONAnswer.response(
                    List(
                        items: tokens.map {
                            TokenBody(
                                id: $0.id.text,
                                label: $0.label,
                                createdAt: $0.createdAt.description,
                                expiresAt: $0.expiresAt?.description
                            )
                        },
                        next: nil
                    )
                )
            },
            signedIn(
                .delete,
                "/v1/tokens/{id}",
                OperationDescription(
                    "revokeToken",
                    .signIn,
                    "Revoke one of the caller's API tokens",
                    takes: [.token],
                    answers: .init(.noContent, "It is revoked."),
                    refuses: [.notFound]
                )
            ) { _, context, caller in
                try await signIn.revokeToken(try context.parameters.text("id"), of: caller)
                return Response(status: .noContent)
            },
            signedIn(
                .get,
                "/v1/me",
                OperationDescription(
                    "me",
                    .signIn,
                    "Who the caller is",
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
}

extension Tenant {
    fileprivate var tag: String { VersionTag.text(version) }
}
