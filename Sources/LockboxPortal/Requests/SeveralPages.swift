import LockboxDomain
import LockboxHTTP
import LockboxService

/// One of several requests that a form is about to deny or stop.
struct SeveralRow: Sendable {
    let rowNumber: String
    let rowLink: String
    /// Who, what and for how long.
    let rowTitle: String
    let rowContext: String
    let rowBadge: Badge
    let rowChange: Badge?
    let rowClock: Countdown?

    init(_ view: RequestView, _ viewer: Viewer) {
        let row = RequestRow(view, viewer)
        (rowNumber, rowLink, rowTitle) = (row.rowNumber, row.rowLink, row.rowTitle)
        (rowContext, rowBadge, rowChange) = (row.rowContext, row.rowBadge, row.rowChange)
        rowClock = row.rowClock
    }
}

/// What a form says of several requests, in one field: `LBX-7K3M9QPXAB.2 LBX-…`.
struct SeveralMarks: Sendable {
    let all: [ReadRequest]

    init(_ views: [RequestView]) {
        all = views.map { ReadRequest(id: $0.request.id.text, version: $0.request.version) }
    }

    /// What the page wrote into the field; each request once. Throws for what no page of ours
    /// writes.
    init(_ form: Form) throws(PortalError) {
        var (known, all): (Set<String>, [ReadRequest]) = ([], [])
        for mark in (form["requests"] ?? "").split(separator: " ") {
            let parts = mark.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let id = AccessRequestID(String(parts[0])),
                let version = String(parts[1]).wholeNumber
            else { throw .malformedField("requests") }
            guard known.insert(id.text).inserted else { continue }
            all.append(ReadRequest(id: id.text, version: Int(clamping: version)))
        }
        self.all = all
    }

    var text: String { all.map { "\($0.id).\($0.version)" }.joined(separator: " ") }
}

/// What is about to be denied, one by one, and the form that does it. It does not follow changes:
/// what changes meanwhile must not be denied unread.
struct DenySeveralPage: Page {
    static let template = PageTemplate(PackageResources.deny_several_mustache)

    let title: String
    let section: String? = RequestPath.customer
    let rows: [SeveralRow]
    /// Those that were chosen and do not wait for the reader's decision.
    let others: [SeveralRow]
    let question: String
    let deniedWords: String
    let leftWords: String?
    let marks: String
    let comment: String
    let commentWrong: String?
    let problems: Problems
    let stepUp: StepUp?
    let csrf: String
    let key: String

    /// `marks` is what the reader was shown first, where this is not the first time; `isCut` says
    /// that there are more than fit into one form.
    init(
        _ views: [RequestView],
        _ viewer: Viewer,
        marks: SeveralMarks? = nil,
        isCut: Bool = false,
        stepUp: StepUp?,
        typed: Form? = nil,
        refusal: Refusal? = nil
    ) {
        let waiting = views.filter { $0.awaitsDecision(of: viewer.person) }
        rows = waiting.map { SeveralRow($0, viewer) }
        others = views.filter { !$0.awaitsDecision(of: viewer.person) }
            .map { SeveralRow($0, viewer) }
        deniedWords = counted(Int64(waiting.count), "request")
        title = waiting.isEmpty ? "Nothing to deny" : "Deny \(deniedWords)"
        question = waiting.count == 1 ? "Deny this request" : "Deny these \(deniedWords)"
        leftWords =
            isCut
            ? "There are more. \(Limits.deniedAtOnce.upperBound) are denied at once at the most: "
                + "these have the nearest deadlines." : nil
        self.marks = (marks ?? SeveralMarks(waiting)).text
        comment = typed?["comment"] ?? ""
        let wrong = refusal?.words(on: .request(viewer.side))
        commentWrong = refusal.flatMap {
            if case .invalid("comment", _) = $0 { wrong } else { nil }
        }
        problems = Problems(wrong.map { [$0] } ?? [])
        self.stepUp = stepUp
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// What is about to be stopped, one by one, and the form that does it.
struct StopSeveralPage: Page {
    static let template = PageTemplate(PackageResources.stop_several_mustache)

    let title: String
    let section: String? = "/lockbox/live"
    let rows: [SeveralRow]
    let question: String
    let effects: [String]
    let leftWords: String?
    let marks: String
    let comment: String
    let problems: Problems
    let csrf: String
    let key: String

    /// `engineer` is whose access alone is to be stopped.
    init(
        _ views: [RequestView],
        of engineer: String?,
        _ viewer: Viewer,
        typed: Form? = nil,
        refusal: Refusal? = nil
    ) {
        let most = Limits.stoppedAtOnce.upperBound
        let shown = Array(views.prefix(most))
        rows = shown.map { SeveralRow($0, viewer) }
        let whose = engineer.map { " of \($0)" } ?? ""
        title = views.isEmpty ? "No open access\(whose)" : "Stop all access\(whose)"
        question =
            shown.count == 1 ? "Yes, stop this access" : "Yes, stop these \(shown.count)"
        effects = Set(shown.map(\.stopEffect)).sorted()
        leftWords =
            views.count > most
            ? "\(views.count) are open, and \(most) are stopped at once. The page after this one "
                + "has the others." : nil
        marks = SeveralMarks(shown).text
        comment = typed?["comment"] ?? ""
        problems = Problems(refusal.map { [$0.words(on: .request(viewer.side))] } ?? [])
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

/// What became of each of several requests.
struct SeveralDonePage: Page {
    static let template = PageTemplate(PackageResources.several_done_mustache)

    struct Line: Sendable {
        let lineNumber: String
        let lineLink: String
        let lineTitle: String
        let fate: String
        let fateTone: String
    }

    let title: String
    let section: String?
    let lines: [Line]
    let isAll: Bool
    /// Other access that is still open, in words.
    let openWords: String?
    let back: String
    let backWords: String

    /// `views` are the requests as they are now, in the order of `done`; nil where they could not be
    /// read again. `stillOpen` is how much other access is open; nil where that is not known.
    init(
        _ done: [OneOfSeveral],
        _ views: [RequestView]?,
        _ viewer: Viewer,
        stopped isStop: Bool,
        stillOpen: Int? = 0
    ) {
        let count = done.count { $0.isDone }
        let (word, noun) = isStop ? ("stopped", "access") : ("denied", "request")
        isAll = count == done.count
        let all = isStop ? "\(done.count) open at that time" : counted(Int64(done.count), noun)
        title = isAll ? "All \(word): \(done.count)" : "\(count) of \(all) \(word)"
        section = isStop ? "/lockbox/live" : RequestPath.customer
        let present: [RequestView?] = views ?? done.map(\.changed)
        lines = zip(done, present).map { one, view in
            Line(
                lineNumber: one.id,
                lineLink: "\(RequestPath.customer)/\(one.id)",
                lineTitle: view.map { RequestRow($0, viewer).rowTitle } ?? one.id,
                fate: one.words(view, for: viewer.side),
                fateTone: one.isDone ? "good" : "bad"
            )
        }
        openWords =
            switch stillOpen {
            case nil: "Whether other access is open could not be read just now: see Live access."
            case 0: nil
            case 1: "1 that is not among these is still open."
            case let count?: "\(count) that are not among these are still open."
            }
        (back, backWords) =
            isStop
            ? ("/lockbox/live", "Live access")
            : ("\(RequestPath.customer)?state=awaitingCustomer", "What still waits")
    }
}

extension OneOfSeveral {
    var isDone: Bool {
        switch result {
        case .success: true
        case .failure: false
        }
    }

    /// The request as it is once that is done; nil where it was not.
    fileprivate var changed: RequestView? {
        switch result {
        case .success(let view): view
        case .failure: nil
        }
    }

    /// What became of it; `view` is how it is now, where that is known.
    fileprivate func words(_ view: RequestView?, for side: Side) -> String {
        switch result {
        case .success(let done):
            return done.request.state.name == .denied ? "Denied." : done.stopped.sentence
        case .failure(let refusal as Refusal):
            return view?.settledWords ?? refusal.words(on: .request(side))
        case .failure(let error):
            let page = ErrorPage(error)
            return "\(page.sentence) \(page.advice)"
        }
    }
}

extension RequestView {
    /// Whether `person` can decide about it now, for its tenant: no other yes or no of hers, and not
    /// her own request.
    func awaitsDecision(of person: Person) -> Bool {
        request.state.name == .awaitingCustomer && person.mayDecide(for: request.terms.tenant)
            && !isOwn(of: person) && !request.decisions.contains { $0.person == person.id }
    }

    /// Whether stopping it ends something.
    var isStoppable: Bool { grantState == .active || grantState == .scheduled }

    /// Who had done what before; nil while a decision is awaited.
    fileprivate var settledWords: String? {
        switch request.state {
        case .awaitingManager: "It is still with the provider’s manager."
        case .awaitingCustomer: nil
        case .scheduled, .active:
            "\(approvers) had approved it already. Stop the access, if it must not be."
        case .ended: "Its access is over already."
        case .rejected: "The provider’s manager had rejected it already."
        case .denied:
            "\(request.decisions.last.map { name(of: $0.person) } ?? "Somebody") had denied it "
                + "already."
        case .withdrawn: "It was withdrawn already."
        case .expired: "The time to decide was over already."
        }
    }

    private var approvers: String {
        let names = request.decisions.filter { $0.stage == .customer }.map { name(of: $0.person) }
        return names.isEmpty ? "The provider’s manager" : names.listed
    }
}
