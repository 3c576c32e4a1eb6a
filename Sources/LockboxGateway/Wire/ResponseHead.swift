import NIOHTTP1

/// The head of the service's answer.
struct ResponseHead {
    let status: HTTPResponseStatus
    let fields: HTTPHeaders
    let framing: BodyFraming
    /// Whether the connection is good for another request.
    let keepsAlive: Bool

    /// Reads the head of an answer to a request with `method`.
    init(_ head: MessageHead, to method: String) throws(WireError) {
        let words = head.line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0",
            words[1].utf8.count == 3, let code = Int(words[1]), (100...599).contains(code)
        else { throw WireError("the status line is none") }
        status = HTTPResponseStatus(statusCode: code)
        fields = head.fields
        let isModern = words[0] == "HTTP/1.1"
        let said = try BodyFraming(head.fields)
        guard isModern || said != .chunked else {
            throw WireError("an answer of HTTP/1.0 has chunks")
        }
        if method == "HEAD" || code < 200 || code == 204 || code == 304 {
            framing = .none
        } else {
            framing = said ?? .untilClose
        }
        keepsAlive =
            isModern && framing != .untilClose && !fields.tokens("connection").contains("close")
    }
}
