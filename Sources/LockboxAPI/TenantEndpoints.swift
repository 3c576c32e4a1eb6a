import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxIdentity
import LockboxPorts
import LockboxService
import LockboxWire

extension API {
    var tenantEndpoints: [Route] {
        tenantAndPolicy + policyEndpoints + erasureEndpoints + tenantPeopleAndResources
    }

    private var tenantAndPolicy: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants",
                TokenOperation(
                    "listTenants",
                    .directory,
                    "The tenants that the caller can see",
                    needs: .read,
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
                TokenOperation(
                    "getTenant",
                    .directory,
                    "One tenant",
                    needs: .read,
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
                TokenOperation(
                    "getPolicy",
                    .directory,
                    "The tenant's own rules",
                    needs: .read,
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
        ]
    }

    /// Who and what belongs to a tenant, and the services.
    private var tenantPeopleAndResources: [Route] {
        [
            signedIn(
                .get,
                "/v1/tenants/{tenant}/people",
                TokenOperation(
                    "listPeople",
                    .directory,
                    "The tenant's people and their roles",
                    needs: .read,
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
                let now = clock.now()
                return try JSONAnswer.response(
                    List(items: people.map { PersonBody($0, at: now) }, next: nil)
                )
            },
            signedIn(
                .get,
                "/v1/tenants/{tenant}/resources",
                TokenOperation(
                    "listResources",
                    .directory,
                    "What can be opened",
                    needs: .read,
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
                TokenOperation(
                    "listServices",
                    .directory,
                    "The services that obey Lockbox",
                    needs: .read,
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
}

extension Tenant {
    var tag: String { VersionTag.text(version) }
}
