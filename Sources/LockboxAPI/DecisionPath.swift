/// The questions that services ask about access: introspection, AuthZEN's evaluations, and what proxies
/// ask about each request. They are answered before anything else, and on the event loop.
package enum DecisionPath {
    /// Whether a request with this method and target, as they came, is such a question.
    package static func has(_ method: String, _ target: String) -> Bool {
        if isForwardAuth(target) { return true }
        guard method == "POST" else { return false }
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        return posted.contains { $0.elementsEqual(path) }
    }

    /// Whether a proxy asks there, with whatever method the request has that it asks about.
    package static func isForwardAuth(_ target: String) -> Bool {
        target.utf8.starts(with: authz)
    }

    private static let authz = "/\(ForwardAuth.prefix)/".utf8
    private static let posted = [
        "/oauth2/introspect".utf8, "/access/v1/evaluation".utf8, "/access/v1/evaluations".utf8,
    ]
}
