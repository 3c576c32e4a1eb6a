import Hummingbird
import LockboxDomain
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

extension API {
    var tenantEndpoints: [Endpoint] {
        [
            signedIn(.get, "/v1/tenants") { request, _, caller in
                try request.wholeList()
                return try JSONAnswer.response(
                    List(
                        items: try await lockbox.tenants(by: caller).map(TenantBody.init),
                        next: nil
                    )
                )
            },
            signedIn(.get, "/v1/tenants/{id}") { _, context, caller in
                try JSONAnswer.response(
                    TenantBody(
                        try await lockbox.tenant(try context.parameters.text("id"), by: caller)
                    )
                )
            },
            signedIn(.get, "/v1/tenants/{id}/policy") { request, context, caller in
                let tenant = try await lockbox.tenant(try context.parameters.text("id"), by: caller)
                guard request.matchesNone(of: tenant.tag) else {
                    return Response(status: .notModified, headers: [.eTag: tenant.tag])
                }
                return try JSONAnswer.response(PolicyBody(tenant), headers: [.eTag: tenant.tag])
            },
            signedIn(.put, "/v1/tenants/{id}/policy") { request, context, caller in
                let policy = try await request.json(NewPolicy.self).value.policy()
                let tenant = try await lockbox.changePolicy(
                    of: try context.parameters.text("id"),
                    to: policy,
                    version: try request.matchedVersion(),
                    by: caller
                )
                return try JSONAnswer.response(PolicyBody(tenant), headers: [.eTag: tenant.tag])
            },
            signedIn(.get, "/v1/tenants/{id}/people") { request, context, caller in
                try request.wholeList()
                let people = try await lockbox.people(
                    of: try context.parameters.text("id"),
                    by: caller
                )
                return try JSONAnswer.response(List(items: people.map(PersonBody.init), next: nil))
            },
            signedIn(.put, "/v1/tenants/{id}/people/{person}") { request, context, caller in
                let roles = try await request.json(NewRoles.self).value.roles
                let person = try await lockbox.changeRoles(
                    of: try context.parameters.text("person"),
                    in: try context.parameters.text("id"),
                    to: roles,
                    by: caller
                )
                return try JSONAnswer.response(PersonBody(person))
            },
            signedIn(.get, "/v1/tenants/{id}/resources") { request, context, caller in
                try request.wholeList()
                let resources = try await lockbox.resources(
                    of: try context.parameters.text("id"),
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
            signedIn(.get, "/v1/services") { request, _, caller in
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

    var tokenEndpoints: [Endpoint] {
        [
            Endpoint(.post, "/v1/tokens") { request, context in
                let body = try await request.json(NewToken.self).value
                let client = client(of: request, context)
                do {
                    let new = try await signIn.issueToken(
                        email: body.email,
                        password: body.password,
                        label: body.label ?? "",
                        from: client
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
                } catch Refusal.badCredentials {
                    try failureLimit.take("password " + client.address, now: clock.now())
                    throw Refusal.badCredentials
                }
            },
            signedIn(.get, "/v1/tokens") { request, _, caller in
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
            signedIn(.delete, "/v1/tokens/{id}") { _, context, caller in
                try await signIn.revokeToken(try context.parameters.text("id"), of: caller)
                return Response(status: .noContent)
            },
            signedIn(.get, "/v1/me") { _, _, caller in
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
    fileprivate var tag: String { "\"v\(version)\"" }
}
