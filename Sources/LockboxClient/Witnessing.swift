package import MerkleLog

/// Which witnesses a reader wants to have cosigned a log's head, and how many of them.
///
/// Which count is for the reader to say, never for the server: it could name its own.
package struct Witnessing: Hashable, Sendable {
    /// Each key once: one key under two names is one witness (C2SP tlog-cosignature).
    package let keys: [WitnessKey]
    /// How many of them must have cosigned.
    package let needed: Int

    /// All of them are needed where `needed` is nil.
    package init(keys: [WitnessKey], needed: Int? = nil) {
        var distinct: [WitnessKey] = []
        for key in keys where !distinct.contains(where: { $0.publicKey == key.publicKey }) {
            distinct.append(key)
        }
        self.keys = distinct
        self.needed = needed ?? keys.count
    }

    /// Who has cosigned one of `notes`, which are all of one head, and when at the last.
    ///
    /// Throws `NoteError.badSignature` where a line names one of the keys and is not by it, which
    /// nobody honest sends.
    func cosigners(of notes: [SignedNote]) throws(NoteError) -> [WitnessReport.Witness] {
        var found: [WitnessReport.Witness] = []
        for key in keys {
            var time: UInt64?
            for note in notes {
                if let cosigned = try key.cosignature(under: note)?.time {
                    time = max(time ?? 0, cosigned)
                }
            }
            if let time { found.append(.init(key: key, time: time)) }
        }
        return found
    }
}

/// Who stands behind a log besides its own key.
package struct WitnessReport: Hashable, Sendable {
    /// One that has cosigned.
    package struct Witness: Hashable, Sendable {
        package let key: WitnessKey
        /// When, in seconds since 1970 by its own clock.
        package let time: UInt64
    }

    /// The newest head that enough of them have cosigned; nil where there is none.
    package let head: TreeHead?
    /// Those that have cosigned it; where there is none, those that have cosigned the newest head.
    package let witnesses: [Witness]

    /// Since when at least `needed` stand behind it, in milliseconds since 1970.
    func time(of needed: Int) -> Int64? {
        let times = witnesses.map(\.time).sorted(by: >)
        guard needed > 0, times.count >= needed, let time = Int64(exactly: times[needed - 1]),
            time <= Int64.max / 1000
        else { return nil }
        return time * 1000
    }
}

extension LogVerifier {
    /// Looks for the newest believed head that enough witnesses have cosigned.
    ///
    /// Records after it may be there where they are not older than the bound: a witness takes its
    /// time. Without a bound there may be none.
    func witnessed(_ believed: [Believed]) -> (report: WitnessReport?, findings: [AuditFinding]) {
        guard let witnessing else { return (nil, []) }
        let heads = Dictionary(grouping: believed, by: \.head)
        let newest = heads.keys.max { $0.size < $1.size }
        var ofNewest: [WitnessReport.Witness] = []
        do throws(NoteError) {
            for head in heads.keys.sorted(by: { $0.size > $1.size }) {
                let found = try witnessing.cosigners(of: heads[head, default: []].map(\.note))
                if head == newest { ofNewest = found }
                guard found.count >= witnessing.needed else { continue }
                let report = WitnessReport(head: head, witnesses: found)
                let early = future(found)
                guard let newest, head != newest else { return (report, early) }
                let time = report.time(of: witnessing.needed)
                if let oldest, let time, time >= oldest { return (report, early) }
                return (report, early + [.witnessesBehind(at: head.size, size: newest.size)])
            }
        } catch {
            return (nil, [.checkpoint(name: "a witness's cosignature", .note(error))])
        }
        let missing = witnessing.keys.filter { key in !ofNewest.contains { $0.key == key } }
        let finding = AuditFinding.witnessesMissing(
            have: ofNewest.count,
            needed: witnessing.needed,
            missing: missing.map(\.name)
        )
        return (WitnessReport(head: nil, witnesses: ofNewest), [finding])
    }

    private func future(_ witnesses: [WitnessReport.Witness]) -> [AuditFinding] {
        witnesses.compactMap { one in
            let time = Self.milliseconds(one.time)
            return isFuture(time)
                ? .future(what: "“\(one.key.name)” cosigned", time: LogTime.text(time)) : nil
        }
    }
}
