import LockboxDomain
import LockboxHTTP
import LockboxService
import LockboxWire

/// What a requester's program is told of her request, which the profile calls a task.
struct TaskAnswer: Encodable {
    struct Handle: Encodable {
        let id: String
        let status: TaskStatus
        let status_endpoint: String
        let expires_at: String
        let progress: Progress?
        let display: Display
        let links: Links
        let items: [Item]?
    }

    /// It names nobody: who approves at the customer's is not the requester's business.
    struct Progress: Encodable {
        let current_step: Int
        let total_steps: Int
        let step_name: String
    }

    struct Display: Encodable {
        let title: String
        let description: String
    }

    struct Links: Encodable {
        let ticket: String
        let review: String
        let cancel: String?
    }

    struct Item: Encodable {
        struct Resource: Encodable {
            let type: String
            let id: String
            let properties: [String: String]
        }

        let resource: Resource
        let action: AuthZENAction
        let status: TaskStatus
        let result: Result?
    }

    struct Result: Encodable {
        struct Approval: Encodable {
            let id: String
            let approved_at: String?
            let approved_until: String
        }

        let mode = "reevaluate"
        let approval: Approval
    }

    let task: Handle
    let result: Result?
}

enum TaskStatus: String, Encodable {
    case pending, approved, denied, expired, cancelled, partial

    /// Approved stays approved when access is over: what holds then is said when it is evaluated
    /// again.
    init(_ state: AccessRequest.StateName) {
        self =
            switch state {
            case .awaitingManager, .awaitingCustomer: .pending
            case .scheduled, .active, .ended: .approved
            case .rejected, .denied: .denied
            case .withdrawn: .cancelled
            case .expired: .expired
            }
    }

    var isPending: Bool { self == .pending }
}

/// In which order a requester's program asked for things at once. A request holds them in an order of
/// its own, each resource once; so the addresses that she was given say it.
struct ItemOrder {
    /// Place among what the request asks for, and whether it was to write.
    private let items: [(place: Int, actions: Actions)]

    init(_ asked: [Access], in scope: Scope) {
        items = asked.compactMap { access in
            scope.accesses.firstIndex { $0.resource == access.resource }
                .map { ($0, access.actions) }
        }
    }

    /// Nil where `text` is none that an address was given.
    init?(_ text: String, in scope: Scope) {
        var items: [(Int, Actions)] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard items.count < Submission.mostItems, word.utf8.count <= 3,
                let place = word.dropLast().wholeNumber.map(Int.init),
                scope.accesses.indices.contains(place),
                let actions = Self.letters.first(where: { $0.letter == word.last })?.actions,
                scope.accesses[place].actions.isSuperset(of: actions)
            else { return nil }
            items.append((place, actions))
        }
        self.items = items
    }

    var text: String {
        items.map { "\($0.place)\($0.actions.contains(.write) ? "w" : "r")" }
            .joined(separator: ",")
    }

    func accesses(of scope: Scope) -> [Access] {
        items.map { Access(scope.accesses[$0.place].resource, $0.actions) }
    }

    private static let letters: [(letter: Character, actions: Actions)] = [
        ("r", .read), ("w", [.read, .write]),
    ]
}

/// A request of somebody's own, as her program is told of it.
struct AccessTask {
    let view: RequestView
    let needsCustomer: Bool
    /// Nil where one thing was asked for.
    let order: ItemOrder?

    /// Until when the task can be looked at: while people are waited for, until they must have
    /// decided; after that for some days more.
    var expiresAt: Timestamp {
        switch view.request.state {
        case .awaitingManager(let decideBy), .awaitingCustomer(_, let decideBy, _): decideBy
        case .scheduled(let grant), .active(let grant), .ended(let grant, _):
            grant.end + APILimits.tasksKept
        case .rejected(let at), .denied(let at), .withdrawn(let at, _), .expired(let at, _):
            at + APILimits.tasksKept
        }
    }

    func answer(at publicURL: String) -> TaskAnswer {
        let request = view.request
        let place = "\(publicURL)\(API.accessRequestPath)/\(request.id)"
        let query = order.map { "?items=\($0.text)" } ?? ""
        let page = "\(publicURL)/requests/\(request.id)"
        return TaskAnswer(
            task: TaskAnswer.Handle(
                id: request.id.text,
                status: status,
                status_endpoint: place + query,
                expires_at: expiresAt.description,
                progress: progress,
                display: .init(
                    title: "Access request \(request.id)",
                    description: "The request is \(request.state.name.words)."
                ),
                links: .init(
                    ticket: page,
                    review: page,
                    cancel: status.isPending ? "\(place)/cancel\(query)" : nil
                ),
                items: items
            ),
            result: status == .approved ? result : nil
        )
    }

    var status: TaskStatus {
        let all = TaskStatus(view.request.state.name)
        guard let found = items.map({ Set($0.map(\.status)) }) else { return all }
        return found.count == 1 ? found.first ?? all : .partial
    }

    private var progress: TaskAnswer.Progress? {
        switch view.request.state {
        case .awaitingManager:
            .init(
                current_step: 1,
                total_steps: needsCustomer ? 2 : 1,
                step_name: "manager_approval"
            )
        case .awaitingCustomer:
            .init(current_step: 2, total_steps: 2, step_name: "customer_approval")
        case .scheduled, .active, .ended, .rejected, .denied, .withdrawn, .expired: nil
        }
    }

    /// Each of several: where the approvers left one out, it is denied and others may be approved.
    private var items: [TaskAnswer.Item]? {
        order?.accesses(of: view.request.terms.scope).map { access in
            var status = TaskStatus(view.request.state.name)
            if let given = view.request.state.grant?.scope,
                given.actions(on: access.resource)?.isSuperset(of: access.actions) != true
            {
                status = .denied
            }
            return TaskAnswer.Item(
                resource: .init(
                    type: access.resource.type,
                    id: access.resource.localName,
                    properties: ["service": access.resource.service.text]
                ),
                action: AuthZENAction(name: access.actions.contains(.write) ? "write" : "read"),
                status: status,
                result: status == .approved ? result : nil
            )
        }
    }

    private var result: TaskAnswer.Result? {
        let request = view.request
        guard let grant = request.state.grant else { return nil }
        let ended = request.state.ending?.at ?? view.unrecordedEnd ?? grant.end
        return TaskAnswer.Result(
            approval: .init(
                id: request.id.text,
                approved_at: request.decisions.last?.at.description,
                approved_until: min(grant.end, ended).description
            )
        )
    }
}
