package import LockboxDomain
package import LockboxPorts

extension Change {
    /// Adds operations, each with the time at which it was done, to those of their grant that are not
    /// in the log yet, and closes their batch whenever it is full or old enough. Durable with this
    /// write: a crash after it leaves operations waiting, and whoever looks for old batches next
    /// closes those.
    package mutating func record(
        _ operations: [(operation: ServiceOperation, done: Timestamp)],
        of credential: Credential
    ) throws {
        guard !operations.isEmpty else { return }
        let batch = OpenBatch(grant: credential.grant, service: credential.resource.service)
        var size = try tx.size(of: batch)
        for (operation, done) in operations {
            let added = try tx.add(
                OpenOperation(
                    at: now,
                    isWrite: operation.isWrite,
                    subject: operation.subject,
                    line: operation.line(of: credential, at: done)
                ),
                to: batch,
                after: size
            )
            if added.operations >= Limits.operationsPerBatch || added.bytes >= Limits.bytesPerBatch
                || added.first + Limits.batchAge <= now
            {
                try closeBatch(batch, of: credential)
                size = nil
            } else {
                size = added
            }
        }
    }

    /// Closes every batch of a grant: its operations come into the log before whatever happens next.
    package mutating func closeBatches(of grant: GrantID) throws {
        for batch in try tx.openBatches(of: grant) { try closeBatch(batch) }
    }

    /// Makes one record of the operations of a batch. Without any, nothing happens: another process
    /// may have come first.
    package mutating func closeBatch(_ batch: OpenBatch) throws {
        let credentials = try tx.credentials(of: batch.grant)
        guard let credential = credentials.first(where: { $0.resource.service == batch.service })
        else { throw StoreError.corrupt("open_operation \(batch.grant)") }
        try closeBatch(batch, of: credential)
    }

    /// `credential` is any of the grant.
    private mutating func closeBatch(_ batch: OpenBatch, of credential: Credential) throws {
        let operations = try tx.takeOperations(of: batch)
        guard let first = operations.first, let last = operations.last else { return }
        let bySubject = Dictionary(grouping: operations, by: \.subject)
        let totals = bySubject.sorted { $0.key < $1.key }.map { subject, some in
            let writes = some.count(where: \.isWrite)
            return OperationTotal(
                service: batch.service,
                subject: subject.isEmpty ? nil : subject,
                reads: some.count - writes,
                writes: writes
            )
        }
        try tx.add(totals, to: batch.grant)
        let writes = operations.count(where: \.isWrite)
        emit(
            .access(
                .operationsRecorded(
                    OperationBatch(
                        tenant: credential.tenant,
                        request: credential.request,
                        grant: batch.grant,
                        engineer: credential.engineer,
                        service: batch.service,
                        first: first.at,
                        last: last.at,
                        reads: operations.count - writes,
                        writes: writes,
                        lines: operations.map { $0.line + "\n" }.joined()
                    )
                )
            )
        )
    }
}

extension ServiceOperation {
    /// The operation as one line of its batch.
    func line(of credential: Credential, at done: Timestamp) -> String {
        var members: [String: CanonicalJSON] = [
            "at": .string(done.description), "credential": .string(credential.id.text),
            "resource": .string(credential.resource.name),
            "action": .string(isWrite ? "write" : "read"),
        ]
        switch form {
        case .request(let method, let target):
            members["method"] = .string(method)
            members["path"] = target.map { .string($0) }
        case .statement(let text, let database, let detail):
            members["statement"] = .string(text)
            members["database"] = database.map { .string($0) }
            members["detail"] = detail.map { .string($0) }
        }
        // Nobody shall take a part for the whole.
        members["length"] = length.map { .integer(Int64($0)) }
        return String(decoding: CanonicalJSON.object(members).canonicalBytes, as: UTF8.self)
    }
}
