import LockboxAudit
package import LockboxDomain
package import LockboxPorts

/// What an erasure took away.
package struct ErasedTexts: Hashable, Sendable {
    package var texts: Int
    /// Records that had them.
    package var records: Int

    package init(texts: Int = 0, records: Int = 0) {
        (self.texts, self.records) = (texts, records)
    }
}

/// What an erasure would take away.
package struct ErasurePreview: Hashable, Sendable {
    package let texts: Int
    /// The places of the records that have them, in order.
    package let records: [UInt64]
    /// Whether more would go than is told here.
    package let isCut: Bool
    /// Whose name and addresses would go from the directory too.
    package let person: PersonID?
}

extension Lockbox {
    /// Erases what `selection` names of the tenant's log, with salts and all that repeats it; one of
    /// its administrators says why. Nothing goes while part of it belongs to what waits or is open.
    ///
    /// Much goes in several writes, each whole with its record; a crash between them leaves the rest,
    /// which the same call takes then. What is gone already is no error.
    package func eraseTexts(
        of tenant: String,
        _ selection: TextSelection,
        because reason: String,
        by caller: Person
    ) async throws -> ErasedTexts {
        let reason = try Text.check(
            reason,
            field: "reason",
            length: Limits.reasonLength,
            multiline: true
        )
        // It may look at a whole log, so it does so beside the writer first.
        let (id, person) = try await query(.bulk, by: caller) { caller, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: caller)
            guard caller.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.eraseTexts)
            }
            return (tenant.id, try erasable(selection, of: tenant.id, in: tx))
        }
        var erased = ErasedTexts()
        var isFirst = true
        while true {
            let (more, isLast) = try await changeSettings(by: caller) { [isFirst] change, count in
                let caller = try change.tx.current(caller)
                guard caller.holds(oneOf: .admin, at: .tenant(id)) else {
                    throw Refusal.notPermitted(.eraseTexts)
                }
                // Something may have been asked for since.
                _ = try erasable(selection, of: id, in: change.tx)
                if isFirst { try count.addSettings(of: caller, takesAway: false, at: change.now) }
                return try change.erase(selection, of: id, .asked(reason: reason), person)
            }
            erased.texts += more.texts
            erased.records += more.records
            isFirst = false
            if isLast { return erased }
        }
    }

    /// What `eraseTexts` would take away now, of the first `Limits.erasurePreview` texts. Refuses what
    /// that refuses.
    package func erasurePreview(
        of tenant: String,
        _ selection: TextSelection,
        by caller: Person
    ) async throws -> ErasurePreview {
        try await query(.bulk, by: caller) { caller, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: caller).id
            guard caller.holds(oneOf: .admin, at: .tenant(tenant)) else {
                throw Refusal.notPermitted(.eraseTexts)
            }
            let person = try erasable(selection, of: tenant, in: tx)
            let limit = Limits.erasurePreview
            let found = try tx.standingTexts(of: tenant, selection, limit: limit)
            let all = try tx.withRepetitions(found, of: tenant)
            return ErasurePreview(
                texts: all.count,
                records: Set(all.map(\.index)).sorted(),
                isCut: found.count >= limit,
                person: person
            )
        }
    }

    /// The first `limit` texts that `selection` names, with what repeats them, and what of it is not over,
    /// for an administrator of the tenant.
    package func erasableTexts(
        of tenant: String,
        _ selection: TextSelection,
        limit: Int,
        by caller: Person
    ) async throws -> (texts: [StandingText], unfinished: [String]) {
        try await query(.bulk, by: caller) { caller, tx, _ in
            let tenant = try tx.tenant(tenant, visibleTo: caller)
            guard caller.holds(oneOf: .admin, at: .tenant(tenant.id)) else {
                throw Refusal.notPermitted(.eraseTexts)
            }
            var found = try tx.standingTexts(of: tenant.id, selection, limit: limit)
            // Of a record, those that it has are chosen from.
            if case .records = selection {
            } else {
                found = try tx.withRepetitions(found, of: tenant.id)
            }
            return (found, try tx.unfinished(of: tenant.id, selection))
        }
    }

    /// Erases, in one small write, what the tenant's rules keep no longer. `isWanted` is asked in the
    /// write. Nothing where they keep it for ever.
    package func eraseOldTexts(
        of tenant: TenantID,
        isWanted: @escaping @Sendable (any StoreTransaction) throws -> Bool
    ) async throws -> ErasedTexts {
        try await store.write(by: .system, for: .tidying) { change in
            guard try isWanted(change.tx),
                let retention = try change.tx.tenant(tenant)?.policy.retention
            else { return ErasedTexts() }
            let selection = TextSelection.before(change.now - retention)
            return try change.erase(selection, of: tenant, .retention(retention), nil).erased
        }
    }

    /// The tenants whose rules do not keep texts for ever.
    package func tenantsWithRetention() async throws -> [TenantID] {
        try await store.read { tx, _ in
            try tx.tenants().filter { $0.policy.retention != nil }.map(\.id)
        }
    }
}

extension Change {
    /// Erases the first of what `selection` names, and tells whether that was all of it. With the last
    /// of it goes `person`.
    fileprivate mutating func erase(
        _ selection: TextSelection,
        of tenant: TenantID,
        _ cause: TextErasure.Cause,
        _ person: PersonID?
    ) throws -> (erased: ErasedTexts, isLast: Bool) {
        let limit = Limits.textsErasedAtOnce
        let found = try tx.standingTexts(of: tenant, selection, limit: limit)
        let isLast = found.count < limit
        let all = try tx.withRepetitions(found, of: tenant)
        let groups = Dictionary(grouping: all, by: \.index).values.map { texts in
            TextErasure.Texts(
                index: texts[0].index,
                fields: texts.map(\.field),
                request: texts[0].request,
                supportRequest: texts[0].supportRequest
            )
        }.sorted { $0.index < $1.index }
        var rest = groups[...]
        while !rest.isEmpty {
            var count = 0
            let some = rest.prefix { texts in
                defer { count += texts.fields.count }
                return count == 0 || count + texts.fields.count <= limit
            }
            rest = rest[some.endIndex...]
            emit(
                .directory(
                    .textsErased(
                        TextErasure(
                            tenant: tenant,
                            texts: Array(some),
                            cause: cause,
                            person: rest.isEmpty && isLast ? person : nil
                        )
                    )
                )
            )
        }
        if groups.isEmpty, isLast, let person {
            let erasure = TextErasure(tenant: tenant, texts: [], cause: cause, person: person)
            emit(.directory(.textsErased(erasure)))
        }
        return (ErasedTexts(texts: all.count, records: groups.count), isLast)
    }
}

extension ErasureRecords {
    /// `texts` with each other text of the same request that says the same: rows that repeat it say
    /// nothing of which record they repeat. Names of resources go together.
    fileprivate func withRepetitions(_ texts: [StandingText], of tenant: TenantID) throws
        -> [StandingText]
    {
        var all = texts
        var seen = Set(texts.map { [String($0.index), $0.field] })
        func add(_ selection: TextSelection, _ chosen: [StandingText]) throws {
            let repeated = chosen.filter {
                !$0.namesSomeone && $0.field != CommittedText.operations
            }
            let said = Set(repeated.map(\.text))
            let hasResources = repeated.contains { $0.isResource }
            for other in try standingTexts(of: tenant, selection, limit: .max)
            where other.field != CommittedText.operations && !other.namesSomeone
                && (other.isResource ? hasResources : said.contains(other.text))
                && seen.insert([String(other.index), other.field]).inserted
            {
                all.append(other)
            }
        }
        for (request, chosen) in Dictionary(grouping: texts, by: \.request) {
            if let request { try add(.request(request), chosen) }
        }
        let others = texts.filter { $0.request == nil }
        for (number, chosen) in Dictionary(grouping: others, by: \.supportRequest) {
            if let number { try add(.supportRequest(number), chosen) }
        }
        return all
    }
}

extension StandingText {
    /// Names and addresses of people, which no row of a request repeats.
    fileprivate var namesSomeone: Bool { field.hasSuffix("Name") || field.hasSuffix("Address") }
    fileprivate var isResource: Bool { field.hasPrefix("resource") }
}

/// Refuses what is not there, and what is not over. Returns whose name and addresses go from the
/// directory too.
private func erasable(
    _ selection: TextSelection,
    of tenant: TenantID,
    in tx: any StoreTransaction
) throws -> PersonID? {
    var gone: PersonID?
    switch selection {
    case .records(let indices, let fields):
        guard Limits.recordsErasedAtOnce.contains(indices.count) else {
            let most = Limits.recordsErasedAtOnce.upperBound
            throw Refusal.invalid(field: "records", problem: .outOfRange("1 to \(most) records"))
        }
        try requireTexts(of: indices, fields, of: .tenant(tenant), in: tx)
    case .request(let id):
        guard try tx.request(id)?.terms.tenant == tenant else {
            throw Refusal.notFound(.accessRequest)
        }
    case .supportRequest(let number):
        guard try tx.supportRequest(number, of: tenant) != nil else {
            throw Refusal.notFound(.supportRequest)
        }
    case .person(let id): gone = try removable(id, of: tenant, in: tx)
    case .before: break
    }
    let open = try tx.unfinished(of: tenant, selection)
    guard open.isEmpty else {
        throw Refusal.invalid(
            field: selection.field,
            problem: .notAllowedHere(
                "belongs to what is not over, or has a letter on its way: "
                    + "\(open.joined(separator: ", ")). Erase it once that is over."
            )
        )
    }
    return gone
}

private func requireTexts(
    of indices: [UInt64],
    _ fields: [String]?,
    of log: LogID,
    in tx: any StoreTransaction
) throws {
    for index in Set(indices) {
        guard index < (try tx.head(of: log)).size,
            let entry = try tx.entries(of: log, in: index..<index + 1).first
        else { throw Refusal.notFound(.auditRecord) }
        guard entry.activity != "texts.erased" else {
            throw Refusal.invalid(
                field: "records",
                problem: .notAllowedHere("has \(index), which says why texts went, and stays.")
            )
        }
        let names = Set(entry.texts.map(\.field))
        if let unknown = fields?.first(where: { !names.contains($0) }) {
            throw Refusal.invalid(
                field: "fields",
                problem: .notAllowedHere("has \(unknown), which record \(index) has no text of.")
            )
        }
    }
}

/// `id` where she is of the tenant and her row still names her; nil for somebody of the provider, of
/// whom only the texts of the log go.
private func removable(_ id: PersonID, of tenant: TenantID, in tx: any StoreTransaction) throws
    -> PersonID?
{
    guard let person = try tx.person(id), person.side == .tenant(tenant) || person.side == .provider
    else { throw Refusal.notFound(.person) }
    guard person.side == .tenant(tenant) else { return nil }
    guard person.isDisabled else {
        throw Refusal.invalid(
            field: "person",
            problem: .notAllowedHere("is not switched off. Switch her or him off first.")
        )
    }
    return person.name == ErasedText.mark ? nil : id
}

extension TextSelection {
    /// The member of a body, or field of a form, that names it.
    fileprivate var field: String {
        switch self {
        case .records, .before: "records"
        case .request: "request"
        case .supportRequest: "supportRequest"
        case .person: "person"
        }
    }
}
