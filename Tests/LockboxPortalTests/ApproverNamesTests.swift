import LockboxDomain
import LockboxFixtures
import LockboxPortalWorld
import Testing

/// Pages of the provider's people say that the customer's approver did something, and never who.
struct ApproverNamesTests {
    @Test func noPageOfTheProvidersPeopleNamesAnApprover() async throws {
        try await PortalWorld.with { world in
            let request = try await world.reviewed()
            try await world.said("Which mails?", on: request, by: "gita")
            try await world.approved(request, by: "gita")
            let open = try await world.visit("/lockbox/\(request.id)", as: "gita")
            let form = HTMLDocument(open.html).all("form").first {
                $0["action"]?.hasSuffix("/stop") == true
            }
            _ = try await world.send(
                "/lockbox/\(request.id)/stop",
                form: try #require(form).fields,
                as: "gita"
            )
            let support = request.terms.supportRequest
            for person in ["eve", "max", "mark", "olga"] {
                for path in [
                    "/work", "/requests", "/requests/\(request.id)", "/support",
                    "/support/\(support)?tenant=contoso", "/tenants", "/tenants/contoso",
                    "/requests/new?extends=\(request.id)",
                ] {
                    let html = try await world.visit(path, as: person).html
                    #expect(!html.contains("Gita") && !html.contains("gita@"), "\(path), \(person)")
                }
            }
            let page = try await world.visit("/requests/\(request.id)", as: "eve").html
            #expect(page.contains("Contoso Ltd’s approver"))
            let own = try await world.visit("/lockbox/\(request.id)", as: "adam").html
            #expect(own.contains("Gita Rao"))
        }
    }
}
