import MerkleLog

/// RFC 6962 §2.1 to the letter: recursive, over the whole list of leaves. Slow; everything else is
/// measured by it.
final class ReferenceTree {
    let leaves: [Hash]
    private var known: [Range<Int>: Hash] = [:]

    init(leaves: [Hash]) { self.leaves = leaves }

    /// A tree of `count` different leaves.
    convenience init(count: Int) { self.init(leaves: (0..<count).map { .leaf(entry($0)) }) }

    func root(_ size: Int) -> Hash { hash(0..<size) }

    func head(_ size: Int) -> TreeHead { TreeHead(size: UInt64(size), root: root(size)) }

    func node(_ subtree: Subtree) -> Hash {
        hash(Int(subtree.index) << subtree.level..<Int(subtree.end))
    }

    /// MTH(D[range]).
    func hash(_ range: Range<Int>) -> Hash {
        if range.isEmpty { return .emptyRoot }
        if range.count == 1 { return leaves[range.lowerBound] }
        if let hash = known[range] { return hash }
        let middle = range.lowerBound + split(range.count)
        let hash = Hash.node(hash(range.lowerBound..<middle), hash(middle..<range.upperBound))
        known[range] = hash
        return hash
    }

    /// PATH(m, D[range]), m counted from the start of the whole list.
    func path(_ index: Int, _ range: Range<Int>) -> [Hash] {
        if range.count == 1 { return [] }
        let middle = range.lowerBound + split(range.count)
        let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
        return index < middle
            ? path(index, left) + [hash(right)] : path(index, right) + [hash(left)]
    }

    /// PROOF(m, D[0..<size]).
    func proof(from: Int, to: Int) -> [Hash] { subproof(from, 0..<to, true) }

    /// SUBPROOF(m, D[range], b), m counted from the start of the whole list.
    private func subproof(_ from: Int, _ range: Range<Int>, _ isWhole: Bool) -> [Hash] {
        if from == range.upperBound { return isWhole ? [] : [hash(range)] }
        let middle = range.lowerBound + split(range.count)
        let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
        return from <= middle
            ? subproof(from, left, isWhole) + [hash(right)]
            : subproof(from, right, false) + [hash(left)]
    }

    /// The largest power of two smaller than `count`.
    private func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}

/// The data of the leaf `index`, of many lengths.
func entry(_ index: Int) -> [UInt8] {
    (0..<index % 70).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ index) }
        + Array("entry \(index)".utf8)
}

/// Seeded chance, so that a failure comes again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Hash {
    /// The hash with one bit changed.
    var flipped: Hash {
        var bytes = self.bytes
        bytes[17] ^= 0x10
        return Hash(bytes: bytes)!
    }
}

/// All ways of spoiling a list of hashes a little.
func spoilt(_ proof: [Hash], extra: Hash) -> [[Hash]] {
    var lists = [[extra] + proof, proof + [extra]]
    for index in proof.indices {
        var changed = proof
        changed[index] = changed[index].flipped
        lists.append(changed)
        var shorter = proof
        shorter.remove(at: index)
        lists.append(shorter)
        var longer = proof
        longer.insert(proof[index], at: index)
        lists.append(longer)
    }
    return lists
}
