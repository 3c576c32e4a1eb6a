import ArgumentParser
import LockboxClient
import LockboxWire

struct TenantsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenants",
        abstract: "List the tenants that you can see, and what each requires."
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let found = try await session.client.list(
                Path("v1", "tenants"),
                of: TenantBody.self
            )
            try session.show(found, none: "There are no tenants that you can see.") { tenants in
                var table = Table("Tenant", "Name", "Approval")
                for tenant in tenants {
                    table.add(
                        tenant.id,
                        tenant.name,
                        tenant.requireApproval ? "required" : "not asked"
                    )
                }
                return table
            }
        }
    }
}

struct ResourcesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resources",
        abstract: "List a tenant's resources, as “lockbox request new --resource” takes them.",
        discussion: """
              lockbox resources contoso
              lockbox resources contoso --find sue
            """
    )

    @OptionGroup var server: ServerOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "The tenant; your own if left out. “lockbox tenants” lists them.")
    var tenant: String?
    @Option(help: "Only those with this in their name.") var find: String?

    func run() async throws {
        try await Session.run(server, format.output) { session in
            let own = tenant == nil ? try await session.me().tenant : nil
            guard let tenant = tenant ?? own else {
                throw Failure.usage("Name the tenant; “lockbox tenants” lists them.")
            }
            var found = try await session.client.list(
                Path("v1", "tenants", tenant, "resources"),
                of: ResourceBody.self
            )
            if let find {
                found.items = found.items.filter { $0.id.contains(find.lowercased()) }
            }
            try session.show(found, none: "There are no such resources.") { resources in
                var table = Table("Service", "Resource")
                for resource in resources { table.add(resource.service, resource.id) }
                return table
            }
        }
    }
}
