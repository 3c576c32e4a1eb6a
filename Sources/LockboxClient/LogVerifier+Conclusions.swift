import LockboxWire
import MerkleLog

extension LogVerifier {
    /// Draws the conclusions.
    package consuming func finish() -> AuditReport {
        findings += rules.finish(isComplete: isComplete)
        let (signed, ofNotes) = believe()
        let believed = signed.filter { !rules.keys.earlier.contains($0.signer) }
        let heads = Self.distinct(believed)
        let (earlier, outside) = earlier(signed, newest: heads.last)
        let ofHeads =
            ofNotes + outside + Self.splits(believed + earlier)
            + (heads.isEmpty ? [.noCheckpoint] : [])
        var ofRecords: [AuditFinding] = []
        let leaves: [Hash]
        let failed: [AuditFinding]
        if source == .records {
            (leaves, failed, ofRecords) = concludeRecords(heads, earlier: earlier.map(\.head))
        } else {
            leaves = entries
            (failed, ofRecords) = concludeTree(
                heads,
                earlier: earlier.map(\.head),
                shown: believed.first?.head
            )
        }
        let newest = heads.last
        let texted = texted(count: leaves.count)
        findings = refused + ofHeads + findings + ofRecords + vanished(texted)
        let signedTime = signedTime(believed, newest: newest)
        findings += staleness(signedTime) + future(signedTime)
        let witnessed = witnessed(believed)
        findings += witnessed.findings
        return AuditReport(
            findings: findings,
            records: source == .tree ? entries.count : lines.count,
            texts: texts,
            erasedTexts: erased,
            uncheckedTexts: unchecked,
            uncheckedAccess: rules.approvals.erased,
            unsignedRevokes: rules.approvals.unsignedRevokes,
            recoveries: rules.recovery.recoveries,
            heads: heads,
            keys: rules.keys.keys,
            newestRecord: rules.time.newest,
            signedTime: signedTime,
            witnessed: witnessed.report,
            leaves: leaves,
            texted: texted,
            evidence: evidence(believed, leaves: leaves, failed: failed)
        )
    }

    /// The roots of the trees of these sizes over these leaves.
    private static func roots(of leaves: [Hash], at sizes: Set<UInt64>) -> [UInt64: Hash] {
        var range = CompactRange()
        var roots: [UInt64: Hash] = sizes.contains(0) ? [0: range.root] : [:]
        for leaf in leaves {
            range.append(leaf)
            if sizes.contains(range.size) { roots[range.size] = range.root }
        }
        return roots
    }

    // MARK: - Heads

    /// The notes that a trusted key signed, or one that the log's own records name.
    private func believe() -> (heads: [Believed], findings: [AuditFinding]) {
        var heads: [Believed] = []
        var findings: [AuditFinding] = []
        for note in notes {
            do throws(CheckpointError) {
                let signer: VerifierKey
                do throws(NoteError) {
                    let keys = rules.keys.earlier + rules.keys.keys
                    let signers = try note.signed.verify(with: keys)
                    // Whoever signed last of the log's keys is asked for most.
                    guard let last = keys.last(where: signers.contains) else {
                        throw NoteError.unsigned
                    }
                    signer = last
                    _ = try signer.cosigning.cosignature(under: note.signed)
                } catch { throw .note(error) }
                if let start = rules.keys.start(of: signer), start >= note.head.size,
                    !rules.keys.isTrusted(signer)
                {
                    throw .note(.unsigned)
                }
                if let end = rules.keys.end(of: signer), note.head.size > end + 1 {
                    findings.append(.retiredKey(size: note.head.size))
                }
                heads.append(Believed(note: note.signed, head: note.head, signer: signer))
            } catch {
                findings.append(refusal(of: note, error))
            }
        }
        return (heads, findings)
    }

    /// The heads that only keys before the trusted one signed. They are not believed, and a whole log
    /// has to continue them; what cannot be held against one is not known to.
    private func earlier(_ signed: [Believed], newest: TreeHead?) -> (
        heads: [Believed], findings: [AuditFinding]
    ) {
        let earlier = signed.filter { rules.keys.earlier.contains($0.signer) }
        let reached = earlier.filter { one in
            isComplete && newest.map { one.head.size <= $0.size } ?? false
        }
        let outside = earlier.count - reached.count
        let finding = AuditFinding.checkpoint(
            name: "a head of a key before the trusted one",
            .note(.unsigned)
        )
        return (reached, outside > 0 ? [finding] : [])
    }

    private func refusal(of note: OpenNote, _ error: CheckpointError) -> AuditFinding {
        if error == .note(.unsigned), let named, let trusted = rules.keys.keys.last,
            case .success = Result(catching: { () throws(NoteError) in
                try note.signed.verify(with: [named])
            })
        {
            return .keyChanged(from: trusted.text, to: named.text)
        }
        return .checkpoint(name: note.name, error)
    }

    /// One head for each size.
    private static func distinct(_ believed: [Believed]) -> [TreeHead] {
        var roots: [UInt64: TreeHead] = [:]
        for one in believed { roots[one.head.size] = roots[one.head.size] ?? one.head }
        return roots.values.sorted { $0.size < $1.size }
    }

    private static func splits(_ believed: [Believed]) -> [AuditFinding] {
        let bySize = Dictionary(grouping: believed.map(\.head), by: \.size)
        return bySize.filter { Set($0.value).count > 1 }.keys.sorted().map { .splitView(size: $0) }
    }

    // MARK: - Records

    /// Of an export: its records are the leaves.
    private func concludeRecords(_ heads: [TreeHead], earlier: [TreeHead]) -> (
        leaves: [Hash], failed: [AuditFinding], findings: [AuditFinding]
    ) {
        let newest = heads.last?.size ?? 0
        var (kept, misplaced) = Self.sortOut(lines, newest: newest)
        if heads.isEmpty {
            // Without any head each is newer than all, which is said already.
            misplaced.removeAll { if case .uncovered = $0 { true } else { false } }
        }
        let sorted = kept.sorted { $0.index < $1.index }
        let isWhole = isComplete && kept.count == newest && !heads.isEmpty
        let replay = isWhole ? Self.replay(sorted.map(\.hash), heads + earlier) : []
        let isGenuine = isWhole && replay.isEmpty
        // Where no record has a proof, their lack says nothing of any one of them; the roots must
        // tell.
        let proofsMatter = !isWhole || kept.contains(where: \.isProven)
        let ofRecords = sorted.compactMap { line in
            Self.finding(of: line, isGenuine: isGenuine, proofsMatter: proofsMatter).map {
                (line.index, $0)
            }
        }
        var findings = misplaced + ofRecords.map(\.1)
        if isComplete, !heads.isEmpty {
            findings += Self.gaps(Set(kept.map(\.index)), newest: newest)
            findings += Self.disorder(kept.map(\.index))
        }
        findings += news(replay, changed: ofRecords.map(\.0))
        return (sorted.map(\.hash), replay, findings)
    }

    /// Of a tree whose entries were read: they are the leaves, and the records are held against them.
    private func concludeTree(_ heads: [TreeHead], earlier: [TreeHead], shown: TreeHead?) -> (
        failed: [AuditFinding], findings: [AuditFinding]
    ) {
        var findings: [AuditFinding] = []
        let count = UInt64(entries.count)
        let size = shown?.size ?? 0
        if count < size { findings.append(.truncated(end: count, covered: size)) }
        let shrunk: [AuditFinding] =
            heads.last.flatMap {
                $0.size > size && shown != nil ? [.shrunk(now: size, before: $0)] : nil
            } ?? []
        findings += shrunk
        var changed = ofEntries.compactMap { finding in
            if case .changed(let record, _) = finding { record } else { nil }
        }
        if source == .treeAndRecords {
            let (kept, misplaced) = Self.sortOut(lines, newest: count)
            let ofRecords = kept.sorted { $0.index < $1.index }.filter { !$0.flaws.isEmpty }
            changed += ofRecords.map(\.index)
            findings += misplaced + ofRecords.map { .changed(record: $0.index, $0.flaws) }
            findings += Self.gaps(Set(kept.map(\.index)), newest: count)
            findings += Self.disorder(kept.map(\.index))
        }
        let replay = Self.replay(entries, heads + earlier)
        return (shrunk + replay, ofEntries + findings + news(replay, changed: changed))
    }

    /// That the log does not lead to its root is news only where no record is known to be the reason.
    private func news(_ replay: [AuditFinding], changed: [UInt64]) -> [AuditFinding] {
        replay.filter { finding in
            guard case .rewritten(let after, let signed) = finding else { return true }
            return !changed.contains { (after..<signed.size).contains($0) }
        }
    }

    // MARK: - Since the last look

    /// By record, which texts were there.
    private func texted(count: Int) -> [Hash] {
        guard source != .tree else { return memory.texted }
        var texted = [Hash](repeating: .emptyRoot, count: count)
        for line in lines where line.index < count { texted[Int(line.index)] = line.texted }
        return texted
    }

    private func vanished(_ texted: [Hash]) -> [AuditFinding] {
        zip(memory.texted, texted).enumerated().compactMap { index, pair in
            guard pair.0 != pair.1 else { return nil }
            let record = UInt64(index)
            let since = UInt64(memory.leaves.count)
            // What an older record says had happened before the last look.
            if let said = rules.erasure.latest[record], said >= since { return nil }
            return .vanished(record: record)
        }
    }

    // MARK: - Time

    private func signedTime(_ believed: [Believed], newest: TreeHead?) -> Int64? {
        let times = believed.filter { $0.head == newest }.compactMap { one in
            switch Result(catching: { () throws(NoteError) in
                try one.signer.cosigning.cosignature(under: one.note)
            }) {
            case .success(let found): found.map { Self.milliseconds($0.time) }
            case .failure: nil
            }
        }
        return times.max()
    }

    /// Of seconds; the last time that there is, for one that is later.
    static func milliseconds(_ seconds: UInt64) -> Int64 {
        Int64(min(seconds, UInt64(Int64.max) / 1000)) * 1000
    }

    /// Whether it is later than clocks that are a little apart account for. Nothing that was signed so
    /// would ever be too old.
    func isFuture(_ time: Int64) -> Bool {
        now.map { time - Self.clocksApart > $0 } ?? false
    }

    private static let clocksApart = 300_000 as Int64

    private func future(_ signed: Int64?) -> [AuditFinding] {
        let record = rules.time.newest.flatMap(LogTime.milliseconds)
        return [("the newest head was signed", signed), ("the newest record is", record)]
            .compactMap { what, time in
                time.flatMap { isFuture($0) ? .future(what: what, time: LogTime.text($0)) : nil }
            }
    }

    /// A record's time is the log's too: it was not shown before.
    private func staleness(_ signed: Int64?) -> [AuditFinding] {
        guard let oldest else { return [] }
        let record = rules.time.newest.flatMap(LogTime.milliseconds)
        guard let newest = [signed, record].compactMap({ $0 }).max() else {
            return [.stale(newest: nil)]
        }
        return newest < oldest ? [.stale(newest: LogTime.text(newest))] : []
    }

    // MARK: - Evidence

    /// Pairs of signed notes that cannot both be of one history.
    private func evidence(_ believed: [Believed], leaves: [Hash], failed: [AuditFinding])
        -> [Evidence]
    {
        var found: [Evidence] = []
        func add(_ smaller: Believed, _ larger: Believed, _ leaves: [Hash]) {
            let one = Evidence(
                smaller: smaller.note,
                larger: larger.note,
                leaves: leaves,
                keys: rules.keys.keys
            )
            if case .success = Result(catching: { () throws(Evidence.Problem) in
                try one.contradiction()
            }) {
                found.append(one)
            }
        }
        for (place, first) in believed.enumerated() {
            for second in believed.dropFirst(place + 1)
            where second.head.size == first.head.size && second.head.root != first.head.root {
                add(first, second, [])
            }
        }
        guard !failed.isEmpty else { return found }
        for known in [leaves, memory.leaves] {
            // The largest head that these leaves lead to is the one that the others contradict.
            let roots = Self.roots(of: known, at: Set(believed.map(\.head.size)))
            let reached = believed.filter { roots[$0.head.size] == $0.head.root }
            guard let larger = reached.max(by: { $0.head.size < $1.head.size }) else { continue }
            let leaves = Array(known.prefix(Int(larger.head.size)))
            for smaller in believed
            where smaller.head.size < larger.head.size
                && roots[smaller.head.size] != smaller.head.root
            {
                add(smaller, larger, leaves)
            }
        }
        return found
    }

    /// A record that is right but for its proof is told apart once the leaves as a whole are known
    /// to be genuine.
    static func finding(of line: Line, isGenuine: Bool, proofsMatter: Bool) -> AuditFinding? {
        let others = line.flaws.filter { $0 != .proof && $0 != .noProof }
        if !others.isEmpty { return .changed(record: line.index, isGenuine ? others : line.flaws) }
        if line.flaws.contains(.proof) {
            return isGenuine
                ? .wrongProof(record: line.index) : .changed(record: line.index, line.flaws)
        }
        return line.isProven || isGenuine || !proofsMatter ? nil : .unproven(record: line.index)
    }

    /// Keeps one line for each index of the log; tells which of the others are copies and which
    /// were put in.
    static func sortOut(_ lines: [Line], newest: UInt64) -> (
        kept: [Line], misplaced: [AuditFinding]
    ) {
        var kept: [Line] = []
        var findings: [AuditFinding] = []
        var uncovered: [UInt64] = []
        let byIndex = Dictionary(grouping: lines, by: \.index)
        for line in lines {
            guard line.index < newest else {
                if line.size > newest {
                    uncovered.append(line.index)
                    let others = line.flaws.filter { $0 != .proof && $0 != .noProof }
                    if !others.isEmpty { findings.append(.changed(record: line.index, others)) }
                } else {
                    findings.append(.inserted(record: line.index, line: line.number))
                }
                continue
            }
            let rivals = byIndex[line.index] ?? []
            let genuine =
                rivals.first { $0.isProven } ?? rivals.first { $0.flaws.isEmpty } ?? rivals[0]
            if line.number == genuine.number {
                kept.append(line)
                let copies = rivals.filter { $0.hash == line.hash }
                if copies.count > 1 {
                    findings.append(.repeated(record: line.index, lines: copies.map(\.number)))
                }
            } else if line.hash != genuine.hash {
                findings.append(.inserted(record: line.index, line: line.number))
            }
        }
        if !uncovered.isEmpty {
            findings.append(.uncovered(records: uncovered.sorted(), newest: newest))
        }
        return (kept, findings)
    }

    /// The runs of indices that are not there. The last one, up to the end, is a truncation.
    static func gaps(_ present: Set<UInt64>, newest: UInt64) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var expected: UInt64 = 0
        for index in present.sorted() {
            if index > expected { findings.append(.missing(expected...index - 1)) }
            expected = index + 1
        }
        if expected < newest { findings.append(.truncated(end: expected, covered: newest)) }
        return findings
    }

    /// Each smallest stretch of lines that would have to be sorted.
    static func disorder(_ indices: [UInt64]) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        // The smallest index from each place to the end: a stretch ends where all before are below
        // all after.
        var smallestAfter = indices
        for place in indices.indices.dropLast().reversed() {
            smallestAfter[place] = min(indices[place], smallestAfter[place + 1])
        }
        var stretch: [UInt64] = []
        var largest: UInt64 = 0
        for (place, index) in indices.enumerated() {
            stretch.append(index)
            largest = max(largest, index)
            guard place + 1 == indices.count || largest <= smallestAfter[place + 1] else {
                continue
            }
            if stretch.count > 1 { findings.append(.outOfOrder(records: stretch.sorted())) }
            stretch = []
        }
        return findings
    }

    /// The heads that these leaves do not lead to, each with the last size at which they did.
    static func replay(_ leaves: [Hash], _ heads: [TreeHead]) -> [AuditFinding] {
        var findings: [AuditFinding] = []
        var range = CompactRange()
        var good: UInt64 = 0
        var bad: UInt64?
        for head in heads.sorted(by: { $0.size < $1.size })
        where head.size > good && head.size <= leaves.count {
            while range.size < head.size { range.append(leaves[Int(range.size)]) }
            if range.root == head.root {
                good = head.size
            } else if bad != good {
                // A larger head that fails too, with nothing right between, tells nothing more.
                bad = good
                findings.append(.rewritten(after: good, signed: head))
            }
        }
        return findings
    }
}
