import CLibpq

/// What a connection string says, by libpq's keywords (PostgreSQL's manual, 34.1.2). Only what it
/// says itself: no defaults, and nothing from the environment. Throws what is wrong with it, in
/// libpq's words, where it is none.
package func keywords(ofConnectionString text: String) throws -> [String: String] {
    var words: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &words) else {
        defer { PQfreemem(words) }
        throw PostgresError.unreachable(words.map { String(cString: $0) } ?? "no memory")
    }
    defer { PQconninfoFree(options) }
    var keywords: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
        if let value = option.pointee.val {
            keywords[String(cString: keyword)] = String(cString: value)
        }
        option += 1
    }
    return keywords
}
