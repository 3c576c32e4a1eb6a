import LockboxDomain
import LockboxPorts

extension AuditFacts {
    init(_ entry: SupportEntry, on support: SupportRequest) {
        self.init(
            entry.act.activity,
            data: [
                "supportRequest": .string(support.number.text),
                "number": .integer(Int64(entry.number)),
                "state": .string(support.state.rawValue),
            ]
        )
        texts["message"] = entry.text
    }
}

extension SupportEntry.Act {
    fileprivate init?(activity: String) {
        guard let act = Self.allCases.first(where: { $0.activity == activity }) else { return nil }
        self = act
    }
}

extension LogReplayState {
    mutating func readSupport(_ told: Told) {
        guard SupportEntry.Act(activity: told.leaf.activity) != nil,
            let number = told.data["supportRequest"]?.text
        else { return }
        supportThreads[number, default: []].append(told)
    }

    /// Where the tables have another thread of a support request than the log, or say that it stands
    /// elsewhere. Those on which nobody has written have neither.
    func supportThreadDifferences(_ log: LogID, in tx: any StoreTransaction) throws -> [String] {
        guard let tenant = log.tenant else { return [] }
        var found: [String] = []
        var stored: Set<String> = []
        var last: SupportRequestNumber?
        while true {
            let some = try tx.writtenSupportRequests(of: tenant, after: last, limit: 200)
            for support in some {
                stored.insert(support.number.text)
                let entries = try tx.entries(on: support.number, of: tenant)
                found += support.differences(
                    from: supportThreads[support.number.text] ?? [],
                    entries
                )
            }
            guard some.count == 200 else { break }
            last = some.last?.number
        }
        for number in supportThreads.keys.sorted() where !stored.contains(number) {
            found.append("the thread of support request \(number) is not in the tables")
        }
        return found
    }
}

extension SupportRequest {
    fileprivate func differences(
        from told: [LogRecordCheck.Told],
        _ entries: [SupportEntry]
    ) -> [String] {
        var differences = Differences("support request \(number)")
        differences.check(
            "state",
            log: told.last?.data["state"]?.text,
            table: state.rawValue
        )
        differences.check("number of entries", log: "\(told.count)", table: "\(entryCount)")
        let answer = told.last {
            $0.data["state"]?.text == State.answered.rawValue
                && $0.leaf.activity == SupportEntry.Act.wrote.activity
        }
        differences.check("last answer", log: answer?.leaf.actor, table: lastAnswer?.person.text)
        differences.check(
            "time of the last answer",
            log: answer?.leaf.time,
            table: lastAnswer?.at.description
        )
        let isTold =
            told.count == entries.count
            && zip(told, entries).allSatisfy { record, entry in
                record.data["number"]?.whole == Int64(entry.number)
                    && record.leaf.activity == entry.act.activity
                    && record.leaf.actor == entry.person.text
                    && record.leaf.time == entry.at.description
                    && record.isTextOrMark("message", entry.text)
            }
        if !isTold { differences.say("the thread in the tables is not the one in the log") }
        return differences.found
    }
}
