package import LockboxApprovals
package import LockboxDomain
package import LockboxPorts
import MerkleLog

extension AuditFacts {
    /// The statement names resources, which are people's addresses: it is a text. What signs it tells
    /// nothing of it, since it has a nonce.
    mutating func add(_ signature: ApprovalSignature) {
        texts["statement"] = signature.statement
        data["signature"] = Self.members(of: signature.proof)
    }

    /// As records have it (docs/spec/approval-statement.md §2).
    package static func members(of proof: ApprovalSignature.Proof) -> CanonicalJSON {
        switch proof {
        case .webAuthn(let passkey, let authenticatorData, let clientData, let signature):
            .object([
                "kind": .string("webauthn"), "passkey": .string(passkey.text),
                "authenticatorData": .string(authenticatorData.base64URL),
                "clientData": .string(clientData.base64URL),
                "signature": .string(signature.base64URL),
            ])
        case .ssh(let key, let signature):
            .object([
                "kind": .string("sshsig"), "key": .string(key.text),
                "signature": .string(Base64.encode(signature)),
            ])
        }
    }

    init(_ event: SigningKeyEvent, of key: SigningKey, _ person: Person) {
        self.init(
            event.activity,
            data: ["key": .string(key.id), "person": .string(person.id.text)]
        )
        switch event {
        case .added:
            data["publicKey"] = .string(key.publicKey)
            texts["label"] = key.name
        case .confirmed: data["publicKey"] = .string(key.publicKey)
        case .removed: break
        }
    }
}

/// The records that say which keys count and which rules hold in a tenant, and those of its grants:
/// what access rests on, read from the log and held against the tables.
///
/// Of use for one view of the store: what it has read of a tenant it does not read again.
package struct GrantRecords {
    private let tx: any StoreTransaction
    private var standing: [TenantID: [ApprovalCheck.Record]] = [:]

    package init(in tx: any StoreTransaction) { self.tx = tx }

    /// Whether the tenant's log grants `open` with these very terms, and where its rules asked for
    /// signatures, has enough that are good. Everything that is missing or unreadable means no.
    package mutating func grants(_ open: OpenGrant) throws -> Bool {
        let log = LogID.tenant(open.tenant)
        let entries = try tx.entries(
            of: log,
            saying: ApprovalCheck.requestActivities,
            about: open.request
        )
        let checked = entries.map { LogRecordCheck($0, log: log.logName) }
        guard checked.allSatisfy({ $0.differences.isEmpty && $0.storedHash == $0.hash }) else {
            return false
        }
        let told = checked.compactMap { record in
            record.leaf.map { LogRecordCheck.Told(leaf: $0, texts: record.texts) }
        }
        let submitted = told.filter { $0.leaf.activity == "request.submitted" }
        let granted = told.filter { $0.leaf.activity == "access.granted" }
        guard submitted.count == 1, granted.count == 1, let grant = granted.first,
            submitted[0].data["engineer"]?.text == open.engineer.text,
            !told.contains(where: { $0.leaf.activity == "access.ended" }),
            grant.says(open.grant), let standing = try standing(of: open.tenant)
        else { return false }
        let records = (standing + told.map(\.approvalRecord)).sorted { $0.index < $1.index }
        var check = ApprovalCheck(tenant: open.tenant.text)
        for record in records where record.index <= grant.leaf.index {
            let findings = check.read(record)
            if record.index == grant.leaf.index { return findings.isEmpty }
        }
        return false
    }

    /// Throws where the log, to which this write has appended, does not grant what it writes.
    mutating func requireGranted(_ grant: Grant, of request: AccessRequest) throws {
        let open = OpenGrant(
            grant: grant,
            request: request.id,
            tenant: request.terms.tenant,
            engineer: request.terms.engineer
        )
        guard try grants(open) else {
            throw StoreError.corrupt(
                "access on \(request.id): the log does not say that it was approved as the tables do, "
                    + "so the database was changed beside the log, and nothing is opened"
            )
        }
    }

    /// The check of a decision that is being made on `request`: it has read all that was said before.
    package mutating func check(before request: AccessRequest) throws -> ApprovalCheck? {
        let tenant = request.terms.tenant
        let log = LogID.tenant(tenant)
        guard let standing = try standing(of: tenant) else { return nil }
        let entries = try tx.entries(
            of: log,
            saying: ApprovalCheck.requestActivities,
            about: request.id
        )
        let told = entries.compactMap { Self.told($0, log) }
        guard told.count == entries.count else { return nil }
        var check = ApprovalCheck(tenant: tenant.text)
        for record in (standing + told.map(\.approvalRecord)).sorted(by: { $0.index < $1.index }) {
            _ = check.read(record)
        }
        return check
    }

    /// The keys of the people of `tenant` with which approvals can be signed, now or later.
    package mutating func keys(of tenant: TenantID) throws -> [ApprovalCheck.Key] {
        guard let standing = try standing(of: tenant) else {
            throw StoreError.corrupt("the records of keys in the log of \(tenant)")
        }
        var check = ApprovalCheck(tenant: tenant.text)
        for record in standing { _ = check.read(record) }
        return check.keys.values.sorted { ($0.addedAt, $0.id) < ($1.addedAt, $1.id) }
    }

    /// What was said of rules and keys, in order; nil where a record is not what was hashed.
    private mutating func standing(of tenant: TenantID) throws -> [ApprovalCheck.Record]? {
        if let known = standing[tenant] { return known }
        let log = LogID.tenant(tenant)
        let entries = try tx.entries(
            of: log,
            saying: ApprovalCheck.keyActivities + ApprovalCheck.ruleActivities,
            about: nil
        )
        let told = entries.compactMap { Self.told($0, log) }
        guard told.count == entries.count else { return nil }
        let records = told.map(\.approvalRecord)
        standing[tenant] = records
        return records
    }

    /// Nil where the record is not what was hashed, or its texts not what it commits to.
    private static func told(_ entry: LogEntry, _ log: LogID) -> LogRecordCheck.Told? {
        let record = LogRecordCheck(entry, log: log.logName)
        guard record.differences.isEmpty, let leaf = record.leaf else { return nil }
        return LogRecordCheck.Told(leaf: leaf, texts: record.texts)
    }
}

extension LogRecordCheck.Told {
    /// What the check of approvals reads.
    var approvalRecord: ApprovalCheck.Record {
        ApprovalCheck.Record(
            index: leaf.index,
            time: leaf.time,
            activity: leaf.activity,
            actor: leaf.actor,
            request: leaf.request,
            data: data,
            texts: texts.reduce(into: [:]) { $0[$1.field] = $1.text },
            erased: Set(texts.filter { $0.text == nil }.map(\.field))
        )
    }

    /// Whether the record says that `grant` was given. A name that was erased says nothing, and so
    /// not this.
    fileprivate func says(_ grant: Grant) -> Bool {
        guard data["grant"]?.text == grant.id.text, data["basis"]?.text == grant.basis.rawValue,
            data["start"]?.text == grant.start.description,
            data["end"]?.text == grant.end.description, let items = data["resources"]?.items,
            items.count == grant.scope.accesses.count
        else { return false }
        return zip(items, grant.scope.accesses).enumerated().allSatisfy { place, pair in
            let (item, access) = pair
            return item.members?["service"]?.text == access.resource.service.text
                && item.members?["actions"]?.texts == access.actions.names
                && text("resource\(place)") != nil
                && isText("resource\(place)", access.resource.name)
        }
    }
}
