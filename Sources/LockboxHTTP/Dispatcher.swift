import HTTPTypes
package import Hummingbird

/// A way into the server: the paths whose first part is one of its prefixes.
package struct Door: Sendable {
    let prefixes: Set<String>
    let responder: any HTTPResponder<DoorContext>

    package init(prefixes: Set<String>, responder: any HTTPResponder<DoorContext>) {
        self.prefixes = prefixes
        self.responder = responder
    }
}

/// One address for programs and for people: each path goes to the door that has its first part, and
/// every other one to the door for people, as do a few that only look as if they were a program's.
package struct Dispatcher: HTTPResponder {
    package typealias Context = DoorContext

    private let doors: [Door]
    private let others: any HTTPResponder<DoorContext>
    private let pathsOfOthers: Set<String>

    package init(
        doors: [Door],
        others: any HTTPResponder<DoorContext>,
        pathsOfOthers: Set<String> = []
    ) {
        self.doors = doors
        self.others = others
        self.pathsOfOthers = pathsOfOthers
    }

    package func respond(to request: Request, context: DoorContext) async throws -> Response {
        if request.method == .options, request.head.path == "*" {
            return .allowing(HTTPRequest.Method.common)
        }
        if pathsOfOthers.contains(request.uri.path) {
            return try await others.respond(to: request, context: context)
        }
        let first = request.uri.path.split(separator: "/", maxSplits: 1).first.map(String.init)
        let door = first.flatMap { first in doors.first { $0.prefixes.contains(first) } }
        return try await (door?.responder ?? others).respond(to: request, context: context)
    }
}
