import MerkleLog
import Testing

@Suite struct InclusionProofTests {
    private func verify(
        _ tree: ReferenceTree,
        leaf: Int,
        index: Int,
        size: Int,
        proof: [Hash],
        rootOf: Int? = nil
    ) throws(ProofError) {
        try MerkleProof.verifyInclusion(
            leaf: tree.leaves[leaf],
            index: UInt64(index),
            size: UInt64(size),
            proof: proof,
            root: tree.root(rootOf ?? size)
        )
    }

    @Test func everyLeafOfEveryTreeUpTo300IsProven() throws {
        let tree = ReferenceTree(count: 300)
        for size in 1...300 {
            for index in 0..<size {
                let plan = try ProofPlan.inclusion(index: UInt64(index), size: UInt64(size))
                let proof = plan.hashes(from: tree.node)
                if proof != tree.path(index, 0..<size) {
                    Issue.record("other proof for \(index) in \(size)")
                }
                try verify(tree, leaf: index, index: index, size: size, proof: proof)
            }
        }
    }

    @Test func spoiltProofsAreRefused() {
        let tree = ReferenceTree(count: 70)
        for size in 1...70 {
            for index in 0..<size {
                for proof in spoilt(tree.path(index, 0..<size), extra: tree.root(size)) {
                    #expect(throws: ProofError.self) {
                        try verify(tree, leaf: index, index: index, size: size, proof: proof)
                    }
                }
            }
        }
    }

    @Test func wrongLeafIndexSizeOrRootIsRefused() {
        let tree = ReferenceTree(count: 40)
        for size in 2...39 {
            for index in 0..<size {
                let proof = tree.path(index, 0..<size)
                let other = (index + 1) % size
                #expect(throws: ProofError.self) {
                    try verify(tree, leaf: other, index: index, size: size, proof: proof)
                }
                for wrong in 0..<size where wrong != index {
                    #expect(throws: ProofError.self) {
                        try verify(tree, leaf: index, index: wrong, size: size, proof: proof)
                    }
                }
                for wrong in index + 1...40 where wrong != size {
                    #expect(throws: ProofError.self) {
                        try verify(tree, leaf: index, index: index, size: wrong, proof: proof)
                    }
                }
                #expect(throws: ProofError.rootMismatch) {
                    try verify(
                        tree,
                        leaf: index,
                        index: index,
                        size: size,
                        proof: proof,
                        rootOf: size + 1
                    )
                }
            }
        }
    }

    @Test func indexAtOrBeyondTheSizeIsRefused() {
        let tree = ReferenceTree(count: 4)
        for (index, size) in [(0, 0), (1, 1), (4, 4), (9, 4)] as [(UInt64, UInt64)] {
            #expect(throws: ProofError.indexBeyondTree) {
                try ProofPlan.inclusion(index: index, size: size)
            }
            #expect(throws: ProofError.indexBeyondTree) {
                try MerkleProof.verifyInclusion(
                    leaf: tree.leaves[0],
                    index: index,
                    size: size,
                    proof: [],
                    root: tree.root(4)
                )
            }
        }
    }

    @Test func hugeSizesAreRefusedOrProvenWithoutTrouble() throws {
        #expect(throws: ProofError.treeTooLarge) { try ProofPlan.inclusion(index: 0, size: .max) }
        #expect(throws: ProofError.treeTooLarge) {
            try MerkleProof.verifyInclusion(
                leaf: .emptyRoot,
                index: 0,
                size: .max,
                proof: [],
                root: .emptyRoot
            )
        }
        let size = LogLimits.treeSize
        for index in [0, 1, size / 2, size - 2, size - 1] {
            // A tree whose subtrees have made-up hashes: only the shape is checked.
            let proof = try ProofPlan.inclusion(index: index, size: size).hashes {
                .leaf("\($0)".utf8)
            }
            #expect(throws: ProofError.rootMismatch) {
                try MerkleProof.verifyInclusion(
                    leaf: .emptyRoot,
                    index: index,
                    size: size,
                    proof: proof,
                    root: .emptyRoot
                )
            }
            #expect(throws: ProofError.wrongLength) {
                try MerkleProof.verifyInclusion(
                    leaf: .emptyRoot,
                    index: index,
                    size: size,
                    proof: proof + [.emptyRoot],
                    root: .emptyRoot
                )
            }
        }
    }

    @Test func sourceThatFailsFailsTheProof() throws {
        struct Lost: Error {}
        let plan = try ProofPlan.inclusion(index: 3, size: 9)
        #expect(throws: Lost.self) { try plan.hashes { _ in throw Lost() } }
    }
}
