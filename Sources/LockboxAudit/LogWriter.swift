import LockboxDomain
import LockboxPorts
import MerkleLog

/// The log that is written to has a record of a moment later than now, by the clock of another process.
struct LogIsAhead: Error {
    let until: Timestamp
}

/// Turns events into records and appends them. Runs inside the write that the event belongs to,
/// under the store's one writer, so that indices are dense and a record exists exactly if its
/// change does.
enum LogWriter {
    static func append(
        _ event: Event,
        by actor: Actor,
        at now: Timestamp,
        entropy: any Entropy,
        in tx: any StoreTransaction
    ) throws {
        let log = event.side
        var head = try tx.head(of: log)
        guard var range = CompactRange(size: head.size, hashes: head.range) else {
            throw StoreError.corrupt(
                "the head of log \(log.logName) does not fit its size \(head.size)"
            )
        }
        // Should the clock of another process have been ahead of ours, the log still never goes
        // back.
        let time = max(now, head.lastTime ?? now)
        if now < time, time - now <= AuditLimits.clocksApart { throw LogIsAhead(until: time) }
        var facts = try AuditFacts(event, in: tx)
        switch actor {
        case .person(let person):
            facts.texts["actorName"] = person.markedName
            facts.texts["actorAddress"] = person.email.text
        case .operatorAtConsole(let name): facts.texts["actorName"] = name
        case .system, .service, .provisioning: break
        }
        let texts = facts.texts.keys.sorted().map { field in
            CommittedText(
                field: field,
                salt: entropy.bytes(SaltedCommitment.saltBytes),
                text: facts.texts[field]
            )
        }
        let bytes = try leaf(
            of: facts,
            texts: texts,
            log: log,
            index: head.size,
            time: time,
            actor: actor
        )
        .canonicalBytes
        let hash = Hash.leaf(bytes)
        var completed: [(Subtree, Hash)] = []
        range.append(hash) { subtree, hash in completed.append((subtree, hash)) }
        head.size += 1
        head.range = range.hashes
        head.lastTime = time
        let entry = LogEntry(
            log: log,
            index: head.size - 1,
            time: time,
            activity: facts.activity,
            actor: actor.logName,
            request: facts.request,
            bytes: bytes,
            hash: hash,
            texts: texts
        )
        try tx.append(entry, head: head)
        // What goes goes with its record, or not at all.
        if case .directory(.textsErased(let erasure)) = event {
            try tx.erase(erasure, recordedAt: entry.index)
        }
        for (subtree, hash) in completed where subtree.level > 0 && subtree.level % 8 == 0 {
            try tx.saveTileRoot(hash, of: log, level: subtree.level / 8, index: subtree.index)
        }
    }

    private static func leaf(
        of facts: AuditFacts,
        texts: [CommittedText],
        log: LogID,
        index: UInt64,
        time: Timestamp,
        actor: Actor
    ) throws -> CanonicalJSON {
        var commitments: [String: CanonicalJSON] = [:]
        for text in texts {
            let commitment = try SaltedCommitment(
                salt: text.salt ?? [],
                field: text.field,
                text: text.text ?? ""
            )
            commitments[text.field] = .string(commitment.base64)
        }
        var members: [String: CanonicalJSON] = [
            "v": .integer(1), "log": .string(log.logName), "index": .integer(Int64(index)),
            "time": .string(time.description),
            "activity": .string(facts.activity), "actor": .string(actor.logName),
            "data": .object(facts.data),
            "commitments": .object(commitments),
        ]
        members["request"] = facts.request.map { .string($0.text) }
        return .object(members)
    }
}

extension Side {
    /// `provider`, or `tenant:` and the tenant's identifier: a tenant may be called `provider`.
    package var logName: String {
        switch self {
        case .provider: "provider"
        case .tenant(let id): "tenant:\(id)"
        }
    }
}

extension Actor {
    var logName: String {
        switch self {
        case .person(let person): person.id.text
        case .system: "system"
        case .operatorAtConsole: "console"
        case .service(let id): "service:\(id)"
        case .provisioning(let token): "provisioning:\(token.id)"
        }
    }
}
