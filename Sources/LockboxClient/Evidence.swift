import Foundation
import LockboxWire
package import MerkleLog

/// What convinces somebody who was not there that the holder of a log's key has signed two
/// histories: both signed notes and, where their sizes differ, the leaves that the larger one was
/// signed over, which do not begin with what the smaller one was signed over.
package struct Evidence: Codable, Hashable, Sendable {
    package static let form = "lockbox-evidence/v1"

    package let form: String
    /// The keys that signed, as vkeys; to be compared with those that the log's readers got.
    package let keys: [String]
    /// The note of the smaller size; of equal sizes, the one that was seen first.
    package let smaller: String
    package let larger: String
    /// Base64 leaf hashes of the larger tree; none where both are of one size.
    package let leaves: [String]

    /// Reads what `lockbox` wrote: an object in strict JSON with these members and no others, so that
    /// all who look at it see the same. Throws `Problem.malformed`.
    package init(reading bytes: [UInt8]) throws(Problem) {
        do {
            try StrictJSON.check(bytes)
            let value = try JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
            let members: Set = ["form", "keys", "smaller", "larger", "leaves"]
            guard Set(value.keys) == members else { throw Problem.malformed }
            self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        } catch {
            throw .malformed
        }
    }

    init(smaller: SignedNote, larger: SignedNote, leaves: [Hash], keys: [VerifierKey]) {
        form = Self.form
        self.keys = keys.map(\.text)
        self.smaller = smaller.encoded
        self.larger = larger.encoded
        self.leaves = leaves.map(\.base64)
    }

    /// Why evidence shows nothing.
    package enum Problem: Error, Hashable, Sendable, CustomStringConvertible {
        case unknownForm
        case malformed
        case note(CheckpointError)
        case sameHistory
        case leavesMissing

        package var description: String {
            switch self {
            case .unknownForm: "this is not evidence in the form \(Evidence.form)"
            case .malformed: "it is no evidence of Lockbox's, or a key or a hash in it is malformed"
            case .note(let error): "\(error)"
            case .sameHistory: "both heads are of one history: it shows no contradiction"
            case .leavesMissing: "its leaves do not lead to the larger head"
            }
        }
    }

    /// The two heads that contradict each other, each signed by one of `keys`, or of its own keys if
    /// none are given.
    package func contradiction(knownKeys: [VerifierKey] = []) throws(Problem) -> (
        smaller: Checkpoint, larger: Checkpoint
    ) {
        guard form == Self.form else { throw .unknownForm }
        var keys = knownKeys
        if keys.isEmpty {
            for text in self.keys {
                do { keys.append(try VerifierKey(parsing: text)) } catch { throw .malformed }
            }
        }
        let (first, second) = (try Self.open(smaller, keys), try Self.open(larger, keys))
        guard first.origin.utf8.elementsEqual(second.origin.utf8),
            first.head.size <= second.head.size
        else { throw .malformed }
        if first.head.size == second.head.size {
            guard first.head.root != second.head.root else { throw .sameHistory }
            return (first, second)
        }
        var range = CompactRange()
        var earlier = range.root
        guard UInt64(leaves.count) == second.head.size else { throw .leavesMissing }
        for leaf in leaves {
            if range.size == first.head.size { earlier = range.root }
            guard let hash = Hash(base64: leaf) else { throw .malformed }
            range.append(hash)
        }
        guard range.root == second.head.root else { throw .leavesMissing }
        guard earlier != first.head.root else { throw .sameHistory }
        return (first, second)
    }

    private static func open(_ text: String, _ keys: [VerifierKey]) throws(Problem) -> Checkpoint {
        do {
            let note = try SignedNote(parsing: text.utf8)
            guard let signer = try note.verify(with: keys).first else { throw NoteError.unsigned }
            return try Checkpoint(opening: note, origin: signer.name, logKey: signer)
        } catch let error as CheckpointError {
            throw .note(error)
        } catch let error as NoteError {
            throw .note(.note(error))
        } catch {
            throw .malformed
        }
    }
}
