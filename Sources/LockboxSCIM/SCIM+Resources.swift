import HTTPTypes
import Hummingbird
import LockboxDomain
import LockboxHTTP
import LockboxService
import LockboxWire

extension SCIM {
    // MARK: - Users

    var userRoutes: [Route] {
        let schema = ResourceSchema.user
        return [
            route(.get, "/Users") { request in
                try await search(request.query, [.user], request)
            },
            route(.post, "/Users", of: schema) { request in
                let body = try ResourceBody(schema: schema).members(of: try await request.body())
                var terms = try UserForm.terms(of: body)
                // Who is added is meant to be there.
                terms.isActive = terms.isActive ?? true
                let person = try await lockbox.addPerson(terms, by: request.token)
                let resource = try UserForm.resource(person, under: request.base)
                return try request.answer(resource, status: .created)
            },
            route(.get, "/Users/{id}", of: schema) { request in
                let person = try await lockbox.provisionedPerson(
                    try request.id,
                    by: request.token
                )
                return try request.answer(try UserForm.resource(person, under: request.base))
            },
            route(.put, "/Users/{id}", of: schema) { request in
                let body = try ResourceBody(schema: schema).members(of: try await request.body())
                return try await changeUser(request) { before in
                    var terms = try UserForm.terms(of: body)
                    // Who was switched off is not switched on by leaving it out.
                    terms.isActive = terms.isActive ?? before.isActive
                    return terms
                }
            },
            route(.patch, "/Users/{id}", of: schema) { request in
                let patch = try SCIMPatch(try await request.body())
                return try await changeUser(request) { before in
                    let members = UserForm.members(of: before)
                    return try UserForm.terms(of: try patch.applied(to: members, of: schema))
                }
            },
            route(.delete, "/Users/{id}") { request in
                try await lockbox.removePerson(try request.id, by: request.token) { person in
                    try request.requireMatch(
                        try UserForm.resource(person, under: request.base).tag
                    )
                }
                return Response(status: .noContent)
            },
        ]
    }

    private func changeUser(
        _ request: SCIMRequest,
        _ wanted: @escaping @Sendable (ProvisionedTerms) throws -> ProvisionedTerms
    ) async throws -> Response {
        let person = try await lockbox.changePerson(try request.id, by: request.token) { before in
            try request.requireMatch(try UserForm.resource(before, under: request.base).tag)
            return try wanted(before.terms)
        }
        return try request.answer(try UserForm.resource(person, under: request.base))
    }

    // MARK: - Groups

    var groupRoutes: [Route] {
        let schema = ResourceSchema.group
        return [
            route(.get, "/Groups") { request in
                try await search(request.query, [.group], request)
            },
            route(.post, "/Groups", of: schema) { request in
                let body = try ResourceBody(schema: schema).members(of: try await request.body())
                let group = try await lockbox.addGroup(
                    try GroupForm.terms(of: body),
                    by: request.token
                )
                let resource = try GroupForm.resource(group, under: request.base)
                return try request.answer(resource, status: .created)
            },
            route(.get, "/Groups/{id}", of: schema) { request in
                let group = try await lockbox.provisionedGroup(
                    try request.id,
                    by: request.token
                )
                return try request.answer(try GroupForm.resource(group, under: request.base))
            },
            route(.put, "/Groups/{id}", of: schema) { request in
                let body = try ResourceBody(schema: schema).members(of: try await request.body())
                return try await changeGroup(request) { _ in try GroupForm.terms(of: body) }
            },
            route(.patch, "/Groups/{id}", of: schema) { request in
                let patch = try SCIMPatch(try await request.body())
                return try await changeGroup(request) { before in
                    let members = GroupForm.members(of: before, under: request.base)
                    return try GroupForm.terms(of: try patch.applied(to: members, of: schema))
                }
            },
            route(.delete, "/Groups/{id}") { request in
                try await lockbox.removeGroup(try request.id, by: request.token) { group in
                    try request.requireMatch(
                        try GroupForm.resource(group, under: request.base).tag
                    )
                }
                return Response(status: .noContent)
            },
        ]
    }

    private func changeGroup(
        _ request: SCIMRequest,
        _ wanted: @escaping @Sendable (ProvisionedGroup) throws -> ProvisionedGroupTerms
    ) async throws -> Response {
        let group = try await lockbox.changeGroup(try request.id, by: request.token) { before in
            try request.requireMatch(try GroupForm.resource(before, under: request.base).tag)
            return try wanted(before)
        }
        return try request.answer(try GroupForm.resource(group, under: request.base))
    }

    // MARK: - Searching

    /// Which kinds of resources are looked for.
    enum Searched {
        case user, group

        var schema: ResourceSchema {
            switch self {
            case .user: .user
            case .group: .group
            }
        }
    }

    var searchRoutes: [Route] {
        let places: [(String, [Searched])] = [
            ("/.search", [.user, .group]), ("/Users/.search", [.user]),
            ("/Groups/.search", [.group]),
        ]
        return places.map { path, kinds in
            route(.post, path) { request in
                try await search(try SCIMQuery(try await request.body()), kinds, request)
            }
        }
    }

    private func search(
        _ query: SCIMQuery,
        _ kinds: [Searched],
        _ request: SCIMRequest
    ) async throws -> Response {
        let projection = try Projection(query, of: kinds.map(\.schema))
        var found: [@Sendable () throws -> SCIMResource] = []
        var refused: [SCIMFault] = []
        for kind in kinds {
            do {
                let filter = try query.filter.map {
                    try FilterReader.filter($0, of: kind.schema)
                }
                found += try await resources(kind, filter, request)
            } catch let fault as SCIMFault where fault.kind == .invalidFilter {
                refused.append(fault)
            }
        }
        // What only one kind of resource has, no other has.
        if let fault = refused.first, refused.count == kinds.count { throw fault }
        return try SCIMAnswer.response(
            try query.page(of: found) { projection.shown(try $0()) }
        )
    }

    /// Those that `filter` means, made when they are shown.
    private func resources(
        _ kind: Searched,
        _ filter: SCIMFilter?,
        _ request: SCIMRequest
    ) async throws -> [@Sendable () throws -> SCIMResource] {
        let (base, token) = (request.base, request.token)
        switch kind {
        case .user:
            let people =
                if let name = filter?.onlyEquals("userName") {
                    try await lockbox.provisionedPeople(named: name, by: token)
                } else if let id = filter?.onlyEquals("externalId") {
                    try await lockbox.provisionedPeople(externalID: id, by: token)
                } else {
                    try await lockbox.provisionedPeople(by: token)
                }
            return try people.filter { person in
                let members = try UserForm.resource(person, under: base).members
                return filter?.holds(for: members) ?? true
            }
            .map { person in { try UserForm.resource(person, under: base) } }
        case .group:
            return try await lockbox.provisionedGroups(by: token).filter { group in
                let members = try GroupForm.resource(group, under: base).members
                return filter?.holds(for: members) ?? true
            }
            .map { group in { try GroupForm.resource(group, under: base) } }
        }
    }
}
