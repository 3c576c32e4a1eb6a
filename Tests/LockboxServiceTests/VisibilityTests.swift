import LockboxDomain
import LockboxFixtures
import LockboxPorts
import LockboxService
import LockboxTestWorld
import Testing

/// Nobody learns of another tenant's things: not by what is shown, not by how it is refused.
struct VisibilityTests {
    private static let unknown = "LBX-0000000000"

    @Test func anotherTenantsRequestIsRefusedLikeOneThatDoesNotExist() async throws {
        try await TestWorld.with { world async throws in
            let id = try await world.approved().id.text
            let lockbox = world.lockbox
            for stranger in [Fixture.frida, Fixture.finn, Fixture.vera] {
                for id in [id, Self.unknown, "no identifier at all"] {
                    let operations: [@Sendable () async throws -> Void] = [
                        { _ = try await lockbox.request(id, by: stranger) },
                        { _ = try await lockbox.notices(about: id, by: stranger) },
                        { _ = try await lockbox.messages(on: id, by: stranger) },
                        {
                            _ = try await lockbox.postMessage(
                                "Hello",
                                on: id,
                                by: stranger,
                                key: nil
                            )
                        },
                        {
                            _ = try await lockbox.decide(
                                TestWorld.yes,
                                on: id,
                                version: 1,
                                by: stranger,
                                key: nil
                            )
                        },
                        {
                            _ = try await lockbox.decide(
                                TestWorld.no,
                                on: id,
                                version: nil,
                                by: stranger,
                                key: nil
                            )
                        },
                        {
                            _ = try await lockbox.withdraw(id, comment: nil, by: stranger, key: nil)
                        },
                        { _ = try await lockbox.finish(id, comment: nil, by: stranger, key: nil) },
                        { _ = try await lockbox.revoke(id, comment: "x", by: stranger, key: nil) },
                        {
                            _ = try await lockbox.issueCredential(
                                for: id,
                                service: nil,
                                resource: nil,
                                by: stranger,
                                key: nil
                            )
                        },
                    ]
                    for operation in operations {
                        #expect(
                            try await world.refusal { try await operation() }
                                == .notFound(.accessRequest)
                        )
                    }
                }
            }
        }
    }

    @Test func anotherTenantsSupportRequestIsRefusedLikeOneThatDoesNotExist() async throws {
        try await TestWorld.with { world async throws in
            for number in ["SR-1001", "SR-9999", "not a number!"] {
                for tenant in [nil, "contoso", "nobody"] {
                    let refusal = try await world.refusal {
                        _ = try await world.lockbox.supportRequest(
                            number,
                            tenant: tenant,
                            by: Fixture.frida
                        )
                    }
                    #expect(refusal == .notFound(.supportRequest))
                }
            }
        }
    }

    @Test func anotherTenantIsRefusedLikeOneThatDoesNotExist() async throws {
        try await TestWorld.with { world async throws in
            let lockbox = world.lockbox
            for tenant in ["contoso", "nobody", "Not A Tenant"] {
                let operations: [@Sendable () async throws -> Void] = [
                    { _ = try await lockbox.tenant(tenant, by: Fixture.finn) },
                    { _ = try await lockbox.resources(of: tenant, by: Fixture.finn) },
                    { _ = try await lockbox.people(of: tenant, by: Fixture.finn) },
                    {
                        _ = try await lockbox.changePolicy(
                            of: tenant,
                            to: .standard,
                            version: 1,
                            by: Fixture.finn
                        )
                    },
                    {
                        _ = try await lockbox.changeRoles(
                            of: Fixture.sue.id.text,
                            in: tenant,
                            to: ["admin"],
                            by: Fixture.finn
                        )
                    },
                    { _ = try await lockbox.readableLog(tenant: tenant, by: Fixture.finn) },
                    {
                        _ = try await lockbox.requests(
                            RequestFilter(),
                            tenant: tenant,
                            page: ListPage(limit: 10),
                            by: Fixture.finn
                        )
                    },
                    {
                        _ = try await lockbox.supportRequests(
                            tenant: tenant,
                            page: ListPage(limit: 10),
                            by: Fixture.finn
                        )
                    },
                ]
                for operation in operations {
                    #expect(try await world.refusal { try await operation() } == .notFound(.tenant))
                }
                let draft = SupportDraft(
                    tenant: tenant,
                    subject: "Help",
                    description: "Please.",
                    service: nil,
                    number: nil,
                    url: nil
                )
                let refusal = try await world.refusal {
                    _ = try await lockbox.openSupportRequest(draft, by: Fixture.finn, key: nil)
                }
                #expect(refusal == .unknownReference(field: "tenant", noun: .tenant))
            }
        }
    }

    @Test func personOfAnotherTenantIsRefusedLikeOneThatDoesNotExist() async throws {
        try await TestWorld.with { world async throws in
            for person in [Fixture.frida.id.text, Fixture.eve.id.text, "PER-0000000000", "x"] {
                let refusal = try await world.refusal {
                    _ = try await world.lockbox.changeRoles(
                        of: person,
                        in: "contoso",
                        to: ["member"],
                        by: Fixture.gita
                    )
                }
                #expect(refusal == .notFound(.person))
            }
        }
    }

    @Test func listsShowNothingOfAnotherTenant() async throws {
        try await TestWorld.with { world async throws in
            let request = try await world.approved()
            let page = ListPage(limit: 50)
            for caller in [Fixture.frida, Fixture.finn] {
                let requests = try await world.lockbox.requests(
                    RequestFilter(),
                    tenant: nil,
                    page: page,
                    by: caller
                )
                #expect(requests.items.isEmpty)
                let support = try await world.lockbox.supportRequests(
                    tenant: nil,
                    page: page,
                    by: caller
                )
                #expect(support.items.map(\.support.number.text) == ["SR-2001"])
                #expect(try await world.lockbox.tenants(by: caller).map(\.id.text) == ["fabrikam"])
            }
            // A filter that names another tenant's things narrows; it never widens.
            let filter = RequestFilter(tenant: Fixture.contoso.id, engineer: Fixture.eve.id)
            let found = try await world.lockbox.requests(
                filter,
                tenant: nil,
                page: page,
                by: Fixture.frida
            )
            #expect(found.items.isEmpty)
            let staff = try await world.lockbox.requests(
                RequestFilter(),
                tenant: nil,
                page: page,
                by: Fixture.olga
            )
            #expect(staff.items.map(\.request.id) == [request.id])
        }
    }

    @Test func memberSeesOnlyRequestsAboutHerOwnSupportRequests() async throws {
        try await TestWorld.with { world async throws in
            let hers = try await world.reviewed()
            let his = try await world.submitted { $0.supportRequest = "SR-1002" }
            let (lockbox, page) = (world.lockbox, ListPage(limit: 50))
            for (member, own, other) in [(Fixture.sue, hers, his), (Fixture.tom, his, hers)] {
                #expect(try await lockbox.request(own.id.text, by: member).request.id == own.id)
                let seen = try await lockbox.requests(
                    RequestFilter(),
                    tenant: "contoso",
                    page: page,
                    by: member
                )
                #expect(seen.items.map(\.request.id) == [own.id])
                let refusal = try await world.refusal {
                    _ = try await lockbox.request(other.id.text, by: member)
                }
                #expect(refusal == .notFound(.accessRequest))
                let support = try await lockbox.supportRequests(tenant: nil, page: page, by: member)
                #expect(support.items.map(\.support.number) == [own.terms.supportRequest])
                let theirs = other.terms.supportRequest.text
                let unseen = try await world.refusal {
                    _ = try await lockbox.supportRequest(theirs, tenant: "contoso", by: member)
                }
                #expect(unseen == .notFound(.supportRequest))
                // She may see it, and that is all.
                let decided = try await world.refusal {
                    _ = try await world.decide(TestWorld.yes, on: own, by: member)
                }
                #expect(decided == .notPermitted(.decideAsApprover))
            }
            for overseer in [Fixture.adam, Fixture.gita, Fixture.uma, Fixture.mark] {
                let seen = try await lockbox.requests(
                    RequestFilter(),
                    tenant: nil,
                    page: page,
                    by: overseer
                )
                #expect(Set(seen.items.map(\.request.id)) == [hers.id, his.id])
            }
        }
    }

    @Test func logIsReadByThoseWhoOverseeItsSideAndNobodyElse() async throws {
        try await TestWorld.with { world async throws in
            let lockbox = world.lockbox
            for reader in [Fixture.adam, Fixture.gita, Fixture.uma] {
                #expect(
                    try await lockbox.readableLog(tenant: "contoso", by: reader)
                        == .tenant(Fixture.contoso.id)
                )
            }
            for reader in [Fixture.mark, Fixture.olga, Fixture.vera] {
                #expect(try await lockbox.readableLog(tenant: nil, by: reader) == .provider)
            }
            func refused(_ tenant: String?, _ person: Person) async throws -> Refusal {
                try await world.refusal {
                    _ = try await lockbox.readableLog(tenant: tenant, by: person)
                }
            }
            #expect(try await refused("contoso", Fixture.sue) == .notPermitted(.readAudit))
            #expect(try await refused(nil, Fixture.eve) == .notPermitted(.readAudit))
            // The provider reads no tenant's log, and no tenant the provider's.
            for person in [Fixture.mark, Fixture.olga, Fixture.vera, Fixture.frida] {
                #expect(try await refused("contoso", person) == .notFound(.tenant))
            }
            #expect(try await refused(nil, Fixture.gita) == .notFound(.page))
        }
    }

    @Test func tenantsOutOfReachAreOneToTheProvidersAuditorWhetherTheyExistOrNot() async throws {
        try await TestWorld.with { world async throws in
            var refusals: [Refusal] = []
            for tenant in ["contoso", "nobody"] {
                refusals.append(
                    try await world.refusal {
                        _ = try await world.lockbox.requests(
                            RequestFilter(),
                            tenant: tenant,
                            page: ListPage(limit: 5),
                            by: Fixture.vera
                        )
                    }
                )
            }
            #expect(refusals[0] == refusals[1])
            #expect(try await world.lockbox.tenants(by: Fixture.vera).isEmpty)
        }
    }

    @Test func sameNumberInTwoTenantsIsAmbiguousOnlyToTheProvider() async throws {
        try await TestWorld.with { world async throws in
            try await world.store.write { tx in
                try tx.insert(
                    Fixture.supportRequest(
                        "SR-1001",
                        of: Fixture.fabrikam.id,
                        openedBy: Fixture.frida.id
                    )
                )
            }
            let lockbox = world.lockbox
            let refusal = try await world.refusal {
                _ = try await lockbox.supportRequest("SR-1001", tenant: nil, by: Fixture.eve)
            }
            #expect(refusal == .ambiguous(field: "tenant"))
            let named = try await lockbox.supportRequest(
                "SR-1001",
                tenant: "fabrikam",
                by: Fixture.eve
            )
            #expect(named.support.tenant == Fixture.fabrikam.id)
            let own = try await lockbox.supportRequest("SR-1001", tenant: nil, by: Fixture.sue)
            #expect(own.support.tenant == Fixture.contoso.id)
        }
    }

    @Test func personSwitchedOffMeanwhileIsNotSignedIn() async throws {
        var off = Fixture.tom
        off.isDisabled = true
        try await TestWorld.with(people: [off]) { world async throws in
            let lockbox = world.lockbox
            let operations: [@Sendable () async throws -> Void] = [
                { _ = try await lockbox.tenants(by: Fixture.tom) },
                { _ = try await lockbox.request(Self.unknown, by: Fixture.tom) },
                {
                    _ = try await lockbox.withdraw(
                        Self.unknown,
                        comment: nil,
                        by: Fixture.tom,
                        key: nil
                    )
                },
                {
                    _ = try await lockbox.changePolicy(
                        of: "contoso",
                        to: .standard,
                        version: 1,
                        by: Fixture.tom
                    )
                },
            ]
            for operation in operations {
                #expect(try await world.refusal { try await operation() } == .notSignedIn)
            }
        }
    }
}
