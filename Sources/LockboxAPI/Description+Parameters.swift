import LockboxDomain
import LockboxHTTP
import LockboxPorts
import LockboxWire
import MerkleLog

/// Patterns of identifiers, each written once.
enum Pattern {
    static let slug = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
    static let supportNumber = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$"
    static let visible = "^[!-~]+$"
    static let oneLine = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"

    /// An identifier with a prefix of three letters (`LockboxDomain/Identifiers.swift`).
    static func id(_ prefix: String) -> String { "^\(prefix)-[0-9A-HJKMNP-TV-Z]{10}$" }
}

extension JSONValue {
    /// A string within `length`, if there is a bound, that matches `pattern`.
    static func text(_ length: ClosedRange<Int>? = nil, pattern: String) -> JSONValue {
        var members: [String: JSONValue] = ["type": "string", "pattern": .string(pattern)]
        if let length {
            if length.lowerBound > 0 { members["minLength"] = .integer(Int64(length.lowerBound)) }
            members["maxLength"] = .integer(Int64(length.upperBound))
        }
        return .object(members)
    }

    static func number(_ range: ClosedRange<Int64>) -> JSONValue {
        [
            "type": "integer", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound),
        ]
    }

    static func schema(_ name: String) -> JSONValue { .reference("schemas", name) }

    /// What every JSON reader holds exactly (RFC 7493 §2.2).
    static let position = number(0...(1 << 53) - 1)
}

/// Parameters that several operations share.
extension OperationDescription.Parameter {
    private static let slug = JSONValue.text(0...63, pattern: Pattern.slug)
    private static let supportNumber = JSONValue.text(0...64, pattern: Pattern.supportNumber)

    // MARK: In paths

    static let tenant = Self("tenant", in: .path, component: "Tenant", schema: slug)
    static let person = Self(
        "person",
        in: .path,
        component: "Person",
        schema: .text(pattern: Pattern.id("PER"))
    )
    static let proposal = Self(
        "proposal",
        in: .path,
        component: "Proposal",
        schema: .text(pattern: Pattern.id("PRP"))
    )
    static let signingKey = Self(
        "key",
        in: .path,
        component: "SigningKey",
        schema: .text(pattern: "^(PKY|KEY)-[0-9A-HJKMNP-TV-Z]{10}$")
    )
    static let policyChange = Self(
        "change",
        in: .path,
        component: "PolicyChange",
        schema: .text(pattern: Pattern.id("PLC"))
    )
    static let request = Self(
        "id",
        in: .path,
        component: "Request",
        schema: .text(pattern: Pattern.id("LBX"))
    )
    static let taskItems = Self(
        "items",
        in: .query,
        component: "TaskItems",
        description: "As the task's addresses have it, where several things were asked for.",
        schema: .text(
            1...(3 * Submission.mostItems + Submission.mostItems - 1),
            pattern: "^[0-9]{1,2}[rw](,[0-9]{1,2}[rw])*$"
        )
    )
    static let number = Self("number", in: .path, component: "Number", schema: supportNumber)
    static let token = Self(
        "id",
        in: .path,
        component: "TokenID",
        schema: .text(pattern: Pattern.id("TOK"))
    )
    static let level = Self("level", in: .path, component: "Level", schema: .number(0...7))
    static let recordIndex = Self(
        "index",
        in: .path,
        component: "RecordIndex",
        description: "The record's position in the log.",
        schema: .text(pattern: "^(0|[1-9][0-9]{0,18})$")
    )
    static let month = Self(
        "month",
        in: .path,
        component: "Month",
        description: "Of UTC.",
        schema: .text(pattern: "^[0-9]{4}-(0[1-9]|1[0-2])$")
    )
    static let tileIndex = Self(
        "index",
        in: .path,
        component: "TileIndex",
        description:
            "Three digits. From 1000 on, groups of three: `x001/067` (C2SP tlog-tiles).",
        schema: .text(pattern: "^[0-9]{3}$")
    )
    static let width = Self(
        "width",
        in: .path,
        component: "Width",
        schema: .number(1...Int64(Tile.fullWidth - 1))
    )

    // MARK: In queries

    static let limit = Self(
        "limit",
        in: .query,
        component: "Limit",
        description: "How many items a page holds at most.",
        schema: [
            "type": "integer", "minimum": .integer(Int64(APILimits.pageSizes.lowerBound)),
            "maximum": .integer(Int64(APILimits.pageSizes.upperBound)),
            "default": .integer(Int64(APILimits.defaultPageSize)),
        ]
    )
    static let cursor = Self(
        "cursor",
        in: .query,
        component: "Cursor",
        description: "`next` of the page before.",
        schema: .text(1...500, pattern: Pattern.visible)
    )
    static let tenantFilter = Self(
        "tenant",
        in: .query,
        component: "TenantFilter",
        description: "Only of this tenant. Needed where several tenants use one number.",
        schema: slug
    )
    static let stateFilter = Self(
        "state",
        in: .query,
        component: "StateFilter",
        schema: [
            "type": "string",
            "enum": .array(AccessRequest.StateName.allCases.map { .string($0.rawValue) }),
        ]
    )
    static let supportStateFilter = Self(
        "state",
        in: .query,
        component: "SupportStateFilter",
        schema: [
            "type": "string",
            "enum": .array(SupportRequest.State.allCases.map { .string($0.rawValue) }),
        ]
    )
    static let supportFilter = Self(
        "supportRequest",
        in: .query,
        component: "SupportFilter",
        schema: supportNumber
    )

    // MARK: In the head

    static let idempotencyKey = Self(
        "Idempotency-Key",
        in: .header,
        component: "IdempotencyKey",
        description: "Any text of the caller's. A repeated request with the same key gets the "
            + "first outcome and changes nothing, for \(Limits.commandsKept.words).",
        schema: .text(APILimits.idempotencyKeyLength, pattern: Pattern.visible)
    )
    static let ifMatch = Self(
        "If-Match",
        in: .header,
        component: "IfMatch",
        description:
            "The ETag of what was read, or several (RFC 9110 §13.1.1); needed where the body has "
            + "no version.",
        schema: .text(1...1024, pattern: "^(\\*|[^*].*)$")
    )

    // MARK: Of the audit log

    /// What a search of the log takes.
    static let search: [OperationDescription.Parameter] = [
        Self(
            "from",
            in: .query,
            component: "AuditFrom",
            description: "At or after.",
            schema: .schema("Instant")
        ),
        Self(
            "to",
            in: .query,
            component: "AuditTo",
            description: "Before.",
            schema: .schema("Instant")
        ),
        Self(
            "activity",
            in: .query,
            component: "Activity",
            description:
                "The whole activity, or its first part: `request` finds `request.approved`.",
            schema: searchText
        ),
        Self(
            "person",
            in: .query,
            component: "AuditPerson",
            description: "An identifier, or part of a name or address.",
            schema: searchText
        ),
        Self(
            "request",
            in: .query,
            component: "AuditRequest",
            schema: .text(pattern: Pattern.id("LBX"))
        ),
        Self(
            "text",
            in: .query,
            component: "AuditText",
            description: "Part of any text of the record.",
            schema: searchText
        ),
        Self(
            "size",
            in: .query,
            component: "AuditSize",
            description:
                "Each record then carries the proof of its inclusion in the tree of this size.",
            schema: .position
        ),
        Self(
            "bom",
            in: .query,
            component: "AuditByteOrderMark",
            description:
                "With `text/csv`: whether a byte-order mark comes first, by which spreadsheets know "
                + "UTF-8.",
            schema: ["type": "string", "enum": ["true", "false"], "default": "false"]
        ),
        limit, cursor,
    ]

    private static let searchText = JSONValue.text(
        APILimits.searchTextLength,
        pattern: Pattern.oneLine
    )

    /// How many witnesses must have signed.
    static let cosignatures = Self(
        "cosignatures",
        in: .query,
        description: "The newest head that at least so many witnesses have cosigned, "
            + "instead of the newest.",
        schema: [
            "type": "integer", "minimum": 0, "maximum": .integer(Int64(LogWitness.most)),
        ]
    )

    /// A record or a size of the log.
    static func position(_ name: String) -> OperationDescription.Parameter {
        Self(name, in: .query, isRequired: true, schema: .position)
    }
}
