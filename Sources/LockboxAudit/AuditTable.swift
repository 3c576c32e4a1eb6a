import Foundation
import LockboxWire

/// Audit records as a table (RFC 4180).
enum AuditTable {
    /// One for each text and fact that records have, so that a spreadsheet can sort and sum them.
    /// Columns are added at the end of their part, and never renamed. What a release after this one
    /// adds stands in `other` until it has one.
    static let columns =
        ["index", "time", "activity", "actor", "actorName", "actorAddress", "request"] + texts
        + ["resources"] + facts + ["other", "hash"]

    private static let texts = [
        "subject", "description", "url", "reason", "comment", "message", "label", "personName",
        "personAddress", "resource", "account", "group", "proposedAddress", "proposedAliases",
        operationLines, "statement", "loginName", "oddity",
    ]

    /// The column of a batch's text, whose field is called as a count is.
    private static let operationLines = "operationLines"

    private static let facts =
        [
            "supportRequest", "state", "version", "stage", "engineer", "askedBy", "duration",
            "shortenedTo", "narrowed", "notBefore", "decideBy", "deadline", "approvalsNeeded",
            "number", "grant",
            "basis", "start", "end", "endedReason", "endedAt", "operations", "credential",
            "username", "actions", "expiresAt", "service", "kind", "resourceType", "attempts",
            "problem", "person", "roles", "rolesBefore", "disabled", "mutedLetters", "timeZone",
            "program",
            "token", "scopes", "addresses",
            "until", "recipient", "letter", "name", "licensed",
            "first", "last", "count", "reads", "writes", "purpose", "login", "decidesFrom",
            "confirmedBy", "proposal", "proposedRoles", "switchesOn", "change", "takesEffectAt",
            "agreed", "domains", "passwords", "passkeys", "recoveryUntil", "issuer", "clientID",
            "authentication", "acrValues", "trustsAddresses", "rolesClaim", "claimedRoles",
            "passkey", "publicKey", "backupEligible", "counter", "counterBefore",
            "provisioningToken", "given", "givenBefore", "erased", "retention", "key", "previous",
            "signature", "expectedSize", "expectedRoot", "size", "closed", "unsigned",
        ]
        + ["kind", "passkey", "key", "authenticatorData", "clientData", "signature"].map {
            "signature.\($0)"
        } + ["policy", "before", "wanted"].flatMap { object in rules.map { "\(object).\($0)" } }

    private static let rules = [
        "requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded", "withheldFromTokens",
        "coolingOff", "allowPrograms", "retention", "signedApprovals", "closeUnknownAccess",
        "signedChanges",
    ]

    static var header: [UInt8] { CSVLine.bytes(columns) }

    static func row(_ record: AuditRecord) -> [UInt8] {
        var cells = [
            "index": String(record.index), "time": record.time, "activity": record.activity,
            "actor": record.actor.id,
            "request": record.request ?? "", "hash": record.hash,
        ]
        var others: [String] = []
        func put(_ name: String, _ value: String) {
            if known.contains(name) {
                cells[name] = value
            } else {
                others.append("\(name)=\(value)")
            }
        }
        cells["resources"] = resources(record)
        for (name, value) in facts(record.data).sorted(by: { $0.name < $1.name }) {
            put(name, value)
        }
        for field in record.texts.keys.sorted() where !isOfResources(field) {
            let column = field == AuditFacts.operations ? operationLines : field
            put(column, record.texts[field]?.text ?? "(erased)")
        }
        cells["other"] = others.joined(separator: "; ")
        return CSVLine.bytes(columns.map { cells[$0] ?? "" })
    }

    private static let known = Set(texts + facts + ["actorName", "actorAddress"])

    /// Facts by column; those of an object each in one of its own.
    private static func facts(_ data: [String: JSONValue]) -> [(name: String, value: String)] {
        data.flatMap { name, value -> [(name: String, value: String)] in
            switch value {
            case .object(let members): members.map { ("\(name).\($0)", plain($1)) }
            case .array where name == "resources": []
            case .null, .bool, .integer, .string, .array: [(name, plain(value))]
            }
        }
    }

    /// The resources of a request or grant in one cell: service, name, and what may be done to it.
    private static func resources(_ record: AuditRecord) -> String {
        guard case .array(let items) = record.data["resources"] else { return "" }
        return items.enumerated().map { place, item in
            guard case .object(let members) = item else { return plain(item) }
            let name = record.texts["resource\(place)"].map { $0.text ?? "(erased)" } ?? ""
            return "\(plain(members["service"] ?? .null)) \(name) "
                + "(\(plain(members["actions"] ?? .null)))"
        }.joined(separator: "; ")
    }

    private static func isOfResources(_ field: String) -> Bool {
        field.hasPrefix("resource") && Int(field.dropFirst(8)) != nil
    }

    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): String(flag)
        case .integer(let number): String(number)
        case .string(let text): text
        case .array(let items): items.map(plain).joined(separator: "+")
        case .object(let members):
            members.keys.sorted().map { "\($0):\(plain(members[$0] ?? .null))" }.joined(
                separator: " "
            )
        }
    }
}
