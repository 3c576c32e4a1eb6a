import MerkleLog
import Testing

@Suite struct ConsistencyProofTests {
    private func verify(
        _ tree: ReferenceTree,
        from: Int,
        to: Int,
        proof: [Hash],
        fromRoot: Hash? = nil,
        toRoot: Hash? = nil
    ) throws(ProofError) {
        try MerkleProof.verifyConsistency(
            from: UInt64(from),
            fromRoot: fromRoot ?? tree.root(from),
            to: UInt64(to),
            toRoot: toRoot ?? tree.root(to),
            proof: proof
        )
    }

    @Test func proofOfTheKnownTree() throws {
        let tree = ReferenceTree(leaves: CompactRangeTests.eightLeaves.map { .leaf($0) })
        let proof = try ProofPlan.consistency(from: 1, to: 8).hashes(from: tree.node)
        #expect(
            proof.map(\.base64) == [
                "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
                "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
                "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
            ]
        )
    }

    @Test func everyPairOfSizesUpTo300IsProven() throws {
        let tree = ReferenceTree(count: 300)
        for to in 1...300 {
            for from in 1...to {
                let proof = try ProofPlan.consistency(from: UInt64(from), to: UInt64(to)).hashes(
                    from: tree.node
                )
                if proof != tree.proof(from: from, to: to) {
                    Issue.record("other proof from \(from) to \(to)")
                }
                try verify(tree, from: from, to: to, proof: proof)
            }
        }
    }

    @Test func spoiltProofsAreRefused() {
        let tree = ReferenceTree(count: 70)
        for to in 1...70 {
            for from in 1...to {
                for proof in spoilt(tree.proof(from: from, to: to), extra: tree.root(to)) {
                    #expect(throws: ProofError.self) {
                        try verify(tree, from: from, to: to, proof: proof)
                    }
                }
            }
        }
    }

    @Test func wrongRootsAreRefusedByName() {
        let tree = ReferenceTree(count: 40)
        for to in 2...40 {
            for from in 1..<to {
                let proof = tree.proof(from: from, to: to)
                #expect(throws: ProofError.rootMismatch) {
                    try verify(
                        tree,
                        from: from,
                        to: to,
                        proof: proof,
                        toRoot: tree.root(to).flipped
                    )
                }
                // A wrong first root that starts the proof itself spoils both results.
                #expect(
                    throws: from.nonzeroBitCount == 1
                        ? .rootMismatch : ProofError.earlierRootMismatch
                ) {
                    try verify(
                        tree,
                        from: from,
                        to: to,
                        proof: proof,
                        fromRoot: tree.root(from).flipped
                    )
                }
            }
        }
    }

    @Test func proofForOtherSizesIsRefused() {
        let tree = ReferenceTree(count: 40)
        for to in 2...40 {
            for from in 1..<to {
                let proof = tree.proof(from: from, to: to)
                for wrong in 1...to where wrong != from {
                    #expect(throws: ProofError.self) {
                        try verify(tree, from: wrong, to: to, proof: proof)
                    }
                }
                for wrong in from...40 where wrong != to {
                    #expect(throws: ProofError.self) {
                        try verify(tree, from: from, to: wrong, proof: proof)
                    }
                }
            }
        }
    }

    @Test func rewrittenHistoryIsNotConsistent() throws {
        let honest = ReferenceTree(count: 50)
        for changed in 0..<20 {
            var leaves = honest.leaves
            leaves[changed] = leaves[changed].flipped
            let forged = ReferenceTree(leaves: leaves)
            #expect(throws: ProofError.self) {
                try verify(
                    forged,
                    from: 20,
                    to: 50,
                    proof: forged.proof(from: 20, to: 50),
                    fromRoot: honest.root(20)
                )
            }
        }
    }

    @Test func fromTheEmptyTreeOnlyTheEmptyProofAndRootAreRight() throws {
        let tree = ReferenceTree(count: 5)
        #expect(try ProofPlan.consistency(from: 0, to: 5).subtrees.isEmpty)
        try verify(tree, from: 0, to: 5, proof: [])
        try verify(tree, from: 0, to: 0, proof: [])
        #expect(throws: ProofError.wrongLength) {
            try verify(tree, from: 0, to: 5, proof: [tree.root(5)])
        }
        #expect(throws: ProofError.earlierRootMismatch) {
            try verify(tree, from: 0, to: 5, proof: [], fromRoot: tree.root(5))
        }
    }

    @Test func betweenEqualSizesTheRootsMustBeEqual() throws {
        let tree = ReferenceTree(count: 5)
        try verify(tree, from: 5, to: 5, proof: [])
        #expect(throws: ProofError.rootMismatch) {
            try verify(tree, from: 5, to: 5, proof: [], toRoot: tree.root(4))
        }
        #expect(throws: ProofError.wrongLength) {
            try verify(tree, from: 5, to: 5, proof: [tree.root(5)])
        }
    }

    @Test func shrunkAndHugeTreesAreRefused() {
        let tree = ReferenceTree(count: 5)
        #expect(throws: ProofError.sizesOutOfOrder) { try verify(tree, from: 5, to: 4, proof: []) }
        #expect(throws: ProofError.sizesOutOfOrder) { try ProofPlan.consistency(from: 5, to: 4) }
        #expect(throws: ProofError.treeTooLarge) { try ProofPlan.consistency(from: 5, to: .max) }
        #expect(throws: ProofError.treeTooLarge) {
            try MerkleProof.verifyConsistency(
                from: 1,
                fromRoot: tree.root(1),
                to: .max,
                toRoot: tree.root(2),
                proof: []
            )
        }
    }
}
