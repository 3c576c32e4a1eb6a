import LockboxHTTP
import NIOHTTP1

/// Which fields go on, and which are added: nothing that a client sends speaks for the gateway, and
/// nothing that is meant for the next hop goes further (RFC 9110 §7.6.1).
enum PassedFields {
    /// Fields that are between two neighbours.
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
        "http2-settings",
    ]
    /// What a client could make a service believe about who asks, from where and for what.
    private static let forged: Set<String> = [
        "host", "authorization", "expect", "forwarded", "via", "x-real-ip", "true-client-ip",
        "x-client-ip", "x-cluster-client-ip", "client-ip",
        "x-rewrite-url", "x-override-url", "x-method-override", "proxy", "cf-connecting-ip",
        "fastly-client-ip", "x-azure-clientip", "x-host",
    ]
    private static let forgedPrefixes = [
        "lockbox-", "x-lockbox-", "x-forwarded", "x-original-", "x-originating-", "x-http-",
        "x-accel-", "x-sendfile", "x-auth", "x-webauth-", "remote-", "x-remote-", "oidc-",
        "cf-access-", "x-consumer-", "x-pomerium-", "x-vouch-", "tailscale-", "x-goog-",
        "x-amzn-oidc-", "x-ms-client-", "x-envoy-", "x-ssl-", "ssl-client-", "x-client-cert",
    ]

    /// The fields with which `request` goes to the service at `authority`; who asks is not in them.
    static func request(
        _ request: RequestHead,
        to authority: String,
        authorization: String?,
        from address: String,
        over scheme: String
    ) -> HTTPHeaders {
        var fields: HTTPHeaders = ["Host": authority]
        if let authorization { fields.add(name: "Authorization", value: authorization) }
        let nominated = Set(request.fields.tokens("connection"))
        for (name, value) in request.fields {
            let plain = name.asFieldVariable
            guard !hopByHop.contains(plain), !forged.contains(plain),
                !nominated.contains(name.lowercased()),
                !forgedPrefixes.contains(where: plain.hasPrefix)
            else { continue }
            let passed = plain == "cookie" ? BrowserCookie.passed(value) : value
            if let passed { fields.add(name: name, value: passed) }
        }
        fields.add(name: "X-Forwarded-For", value: address)
        fields.add(name: "X-Forwarded-Host", value: request.host)
        fields.add(name: "X-Forwarded-Proto", value: scheme)
        switch request.framing {
        case .none, .untilClose: break
        case .length(let length): fields.add(name: "Content-Length", value: "\(length)")
        case .chunked: fields.add(name: "Transfer-Encoding", value: "chunked")
        }
        if request.isWebSocket {
            fields.add(name: "Connection", value: "Upgrade")
            fields.add(name: "Upgrade", value: "websocket")
        } else if request.framing != .none {
            fields.add(name: "Connection", value: "close")
        }
        return fields
    }

    /// The fields of the service's answer that go on. A place of the service under its inner
    /// `origin` becomes one of the gateway's.
    static func answer(_ fields: HTTPHeaders, from origin: String) -> HTTPHeaders {
        let nominated = Set(fields.tokens("connection"))
        var passed = HTTPHeaders()
        for (name, value) in fields {
            let plain = name.lowercased()
            // Another address of the service's would lead past the gateway (RFC 7838).
            guard !hopByHop.contains(plain), !nominated.contains(plain), plain != "alt-svc",
                plain != "set-cookie" || !BrowserCookie.isOurs(setBy: value)
            else { continue }
            let isInner =
                (plain == "location" || plain == "content-location")
                && value.hasPrefix(origin + "/")
            passed.add(name: name, value: isInner ? String(value.dropFirst(origin.count)) : value)
        }
        return passed
    }
}
