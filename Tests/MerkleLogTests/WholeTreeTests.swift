import MerkleLog
import Testing

struct WholeTreeTests {
    @Test(arguments: [1, 2, 3, 7, 8, 255, 256, 257, 1000])
    func everyProofLeadsToTheRoot(_ count: Int) throws {
        let leaves = (0..<count).map { Hash.leaf(Array("\($0)".utf8)) }
        let tree = WholeTree(leaves: leaves)
        var range = CompactRange()
        for leaf in leaves { range.append(leaf) }
        #expect(tree.root == range.root)
        for (index, leaf) in leaves.enumerated() {
            try MerkleProof.verifyInclusion(
                leaf: leaf,
                index: UInt64(index),
                size: tree.size,
                proof: try tree.inclusion(of: UInt64(index)),
                root: tree.root
            )
        }
    }

    @Test func emptyTreeHasTheEmptyRoot() throws {
        let tree = WholeTree(leaves: [])
        #expect(tree.root == .emptyRoot)
        #expect(throws: ProofError.indexBeyondTree) { try tree.inclusion(of: 0) }
    }
}
