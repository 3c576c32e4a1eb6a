import Foundation
import LockboxDomain
import LockboxPorts
import MerkleLog

/// One record read back from its bytes.
struct LogRecordCheck {
    /// What the bytes say. Members that only some records have are optional.
    struct Leaf: Decodable {
        struct Data: Decodable {
            let state: String?
            let version: Int?
            let engineer: String?
            let duration: String?
            let resources: ResourceList?
            let grant: String?
            let start: String?
            let end: String?
            let endedReason: String?
            let person: String?
            let roles: [String]?
            let disabled: Bool?
            let mutedLetters: [String]?
            let number: Int?
            let licensed: Bool?
            let policy: PolicyData?
        }

        /// What was asked for, or given. Records of services say `resources` too, and mean the type
        /// of theirs.
        struct ResourceList: Decodable {
            struct Item: Decodable, Equatable {
                let service: String
                let actions: [String]
            }

            let items: [Item]?

            init(from decoder: any Decoder) throws {
                do {
                    items = try [Item](from: decoder)
                } catch DecodingError.typeMismatch {
                    items = nil
                }
            }
        }

        struct PolicyData: Decodable {
            let requireApproval: Bool
            let decisionWindow: String
            let maxAccess: String
            let approvalsNeeded: Int
        }

        let v: Int
        let log: String
        let index: UInt64
        let time: String
        let activity: String
        let actor: String
        let request: String?
        let data: Data
        let commitments: [String: String]
    }

    let leaf: Leaf?
    /// The texts beside the record that are not erased, by field.
    let texts: [String: String]
    let differences: [String]

    init(_ entry: LogEntry, log: LogID) {
        var found: [String] = []
        var read: Leaf?
        do {
            read = try JSONDecoder().decode(Leaf.self, from: Foundation.Data(entry.bytes))
        } catch {
            found.append("record \(entry.index) cannot be read")
        }
        if Hash.leaf(entry.bytes) != entry.hash {
            found.append("record \(entry.index) was changed: its bytes do not have its hash")
        }
        if let leaf = read {
            let columns = [
                ("log", leaf.log == log.logName), ("index", leaf.index == entry.index),
                ("time", leaf.time == entry.time.description),
                ("activity", leaf.activity == entry.activity), ("actor", leaf.actor == entry.actor),
                ("request", leaf.request == entry.request?.text),
            ]
            for (name, same) in columns where !same {
                found.append("record \(entry.index): the column \(name) differs from the record")
            }
            found += Self.textDifferences(entry, leaf)
        }
        leaf = read
        texts = entry.texts.reduce(into: [:]) { texts, text in texts[text.field] = text.text }
        differences = found
    }

    private static func textDifferences(_ entry: LogEntry, _ leaf: Leaf) -> [String] {
        var found: [String] = []
        if Set(entry.texts.map(\.field)) != Set(leaf.commitments.keys) {
            found.append("record \(entry.index): its texts are not those that it commits to")
        }
        for text in entry.texts {
            // An erased text leaves its commitment; nothing can be compared.
            guard let content = text.text,
                let committed = leaf.commitments[text.field].flatMap({
                    SaltedCommitment(base64: $0)
                })
            else { continue }
            if !committed.isOpened(salt: text.salt, field: text.field, text: content) {
                found.append("record \(entry.index): the text \(text.field) was changed")
            }
        }
        return found
    }
}
