import LockboxDomain
import LockboxPorts
import MerkleLog

// How a row's columns become values of the domain.

extension SQLRow {
    func flag(_ column: SQLColumn) throws(StoreError) -> Bool {
        switch try integer(column) {
        case 0: false
        case 1: true
        case _: throw corrupt
        }
    }

    /// A number of things: what is stored can be added to and written into a record.
    func count(_ column: SQLColumn) throws(StoreError) -> Int {
        try required(counted(try integer(column)))
    }

    func optionalCount(_ column: SQLColumn) throws(StoreError) -> Int? {
        try isNull(column) ? nil : try count(column)
    }

    func position(_ column: SQLColumn) throws(StoreError) -> UInt64 {
        UInt64(try count(column))
    }

    private func counted(_ number: Int64) -> Int? {
        (0..<SQLLimits.count).contains(number) ? Int(number) : nil
    }

    func timestamp(_ column: SQLColumn) throws(StoreError) -> Timestamp {
        try required(optionalTimestamp(column))
    }

    func optionalTimestamp(_ column: SQLColumn) throws(StoreError) -> Timestamp? {
        guard let milliseconds = try optionalInteger(column) else { return nil }
        let instant = Timestamp(milliseconds: milliseconds)
        guard instant.milliseconds == milliseconds else { throw corrupt }
        return instant
    }

    func scopes(_ column: SQLColumn) throws(StoreError) -> TokenScopes {
        let scopes = TokenScopes(rawValue: try required(UInt8(exactly: try integer(column))))
        guard scopes.isSubset(of: .every) else { throw corrupt }
        return scopes
    }

    /// Every span that is stored is one in which something can happen.
    func span(_ column: SQLColumn) throws(StoreError) -> TimeSpan {
        let span = TimeSpan(milliseconds: try integer(column))
        guard span > .zero, span <= SQLLimits.span else { throw corrupt }
        return span
    }

    func optionalSpan(_ column: SQLColumn) throws(StoreError) -> TimeSpan? {
        try isNull(column) ? nil : try span(column)
    }

    func id<Entity>(_ column: SQLColumn) throws(StoreError) -> ID<Entity> {
        try required(ID(try text(column)))
    }

    func optionalID<Entity>(_ column: SQLColumn) throws(StoreError) -> ID<Entity>? {
        guard let text = try optionalText(column) else { return nil }
        return try required(ID(text))
    }

    func slug<Entity>(_ column: SQLColumn) throws(StoreError) -> Slug<Entity> {
        try required(Slug(try text(column)))
    }

    func optionalSlug<Entity>(_ column: SQLColumn) throws(StoreError) -> Slug<Entity>? {
        guard let text = try optionalText(column) else { return nil }
        return try required(Slug(text))
    }

    func email(_ column: SQLColumn) throws(StoreError) -> EmailAddress {
        try required(EmailAddress(try text(column)))
    }

    func choice<Choice: RawRepresentable<String>>(_ column: SQLColumn) throws(StoreError) -> Choice
    {
        try required(Choice(rawValue: try text(column)))
    }

    func optionalChoice<Choice: RawRepresentable<String>>(_ column: SQLColumn) throws(StoreError)
        -> Choice?
    {
        try isNull(column) ? nil : try choice(column)
    }

    func resource(service: SQLColumn, name: SQLColumn) throws(StoreError) -> Resource {
        let stored = try text(name)
        let resource = try required(Resource(service: try slug(service), name: stored))
        guard resource.name == stored else { throw corrupt }
        return resource
    }

    func actions(_ column: SQLColumn) throws(StoreError) -> Actions {
        try required(Actions(stored: try integer(column)))
    }

    func scope(_ column: SQLColumn) throws(StoreError) -> Scope {
        try required(Scope(stored: try text(column)))
    }

    func optionalScope(_ column: SQLColumn) throws(StoreError) -> Scope? {
        try isNull(column) ? nil : try scope(column)
    }

    func hash(_ column: SQLColumn) throws(StoreError) -> Hash {
        try required(Hash(bytes: try blob(column)))
    }

    func side(tenant column: SQLColumn) throws(StoreError) -> Side {
        guard let tenant: TenantID = try optionalSlug(column) else { return .provider }
        return .tenant(tenant)
    }

    func log(_ column: SQLColumn) throws(StoreError) -> LogID {
        try required(LogID(stored: try text(column)))
    }
}
