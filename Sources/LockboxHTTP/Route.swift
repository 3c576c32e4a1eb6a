package import HTTPTypes
package import Hummingbird

/// One method of one path of a door.
package struct Route: Sendable {
    package typealias Handler = @Sendable (Request, DoorContext) async throws -> Response

    package let method: HTTPRequest.Method
    package let path: RouterPath
    /// What the door's description says of it: mostly one operation, several where one route gives
    /// files of several forms, none for a page that people look at.
    package let operations: [OperationDescription]
    package let handler: Handler

    /// A route for programs.
    package init(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ operations: OperationDescription...,
        handler: @escaping Handler
    ) {
        self.init(method, path, operations, handler)
    }

    /// A route for people, who need no description.
    package init(method: HTTPRequest.Method, path: RouterPath, handler: @escaping Handler) {
        self.init(method, path, [], handler)
    }

    package init(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ operations: [OperationDescription],
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.operations = operations
        self.handler = handler
    }
}

extension Router where Context == DoorContext {
    /// Adds `routes`. Each of their paths says on `OPTIONS` which methods it knows (RFC 9110
    /// §9.3.7), and answers every other one with `refusal`, which is given those that it knows.
    package func add(
        _ routes: [Route],
        otherMethods refusal: @escaping @Sendable ([HTTPRequest.Method]) -> any Error
    ) {
        var paths: [String: (path: RouterPath, methods: [HTTPRequest.Method])] = [:]
        for route in routes {
            on(route.path, method: route.method, use: route.handler)
            if route.method == .get {
                on(route.path, method: .head) { request, context in
                    try await route.handler(request, context).head
                }
            }
            paths[route.path.description, default: (route.path, [])].methods.append(route.method)
        }
        for (path, methods) in paths.values {
            let allowed = (methods.contains(.get) ? methods + [.head] : methods) + [.options]
            on(path, method: .options) { _, _ -> Response in .allowing(allowed) }
            for method in HTTPRequest.Method.common where !allowed.contains(method) {
                on(path, method: method) { _, _ -> Response in throw refusal(allowed) }
            }
        }
    }
}

extension HTTPRequest.Method {
    /// The methods of RFC 9110 §9.3 and RFC 5789 that a path can know or not know; none knows any
    /// other.
    package static let common: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .delete, .patch, .options, .trace,
    ]
}

extension [HTTPRequest.Method] {
    /// As `Allow` writes them.
    package var allowed: String { map(\.rawValue).joined(separator: ", ") }
}

extension Response {
    /// What `HEAD` gets: no length where `GET` streams and would not tell one either (RFC 9110
    /// §8.6).
    package var head: Response {
        var head = createHeadResponse()
        if body.contentLength == nil { head.headers[.contentLength] = nil }
        return head
    }

    static func allowing(_ methods: [HTTPRequest.Method]) -> Response {
        Response(status: .noContent, headers: [.allow: methods.allowed])
    }
}
