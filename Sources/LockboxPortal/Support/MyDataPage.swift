import Hummingbird
import LockboxDomain
import LockboxPorts
import LockboxService

extension PortalSite {
    var myDataRoutes: [Route] {
        [
            page("/my-data", for: .customer) { request, _, viewer in
                MyDataPage(
                    try await lockbox.requestsForOwnData(
                        page: ListPage(
                            limit: PortalLimits.pageSize,
                            cursor: request.query("cursor")
                        ),
                        by: viewer.person
                    ),
                    viewer
                )
            }
        ]
    }
}

/// Who asked for what is the reader's own, who opened it, and when: for everybody whose mailbox it is,
/// whatever her role.
struct MyDataPage: Page {
    static let template = PageTemplate(PackageResources.my_data_mustache)

    struct Row: Sendable {
        /// `Eve Park of Example Cloud`.
        let asker: String
        let ownBadge: Badge
        let askedWords: [String]
        let askedAt: ShownTime
        /// Nil where no access was given to it.
        let openedFrom: ShownTime?
        let openedUntil: ShownTime?
        let useWords: String
        let lastUse: ShownTime?
        let supportNumber: String
        /// Nil where the reader may not see the support request.
        let supportOpener: String?
        /// Nil where the reader may not see the support request.
        let supportLink: String?

        init(_ view: OwnDataView, _ viewer: Viewer) {
            let (request, support) = (view.request, view.support.support)
            asker = "\(request.engineerName) of \(viewer.providerName)\(request.askerNote)"
            ownBadge = Badge(request, for: viewer.person.side)
            askedWords = Self.words(view.asked)
            askedAt = ShownTime(request.request.createdAt)
            let grant =
                view.granted.isEmpty || !request.hasBegun ? nil : request.request.state.grant
            openedFrom = grant.map { ShownTime($0.start) }
            openedUntil = grant.map { ShownTime(request.request.state.ending?.at ?? $0.end) }
            let count = view.uses.reduce(0) { $0 + $1.count }
            useWords = count == 0 ? "not opened" : "opened \(counted(Int64(count), "time"))"
            lastUse = view.uses.map(\.last).max().map { ShownTime($0) }
            supportNumber = support.number.text
            let isSeen = viewer.oversees || support.openedBy == viewer.person.id
            supportOpener = isSeen ? view.support.openedBy.name : nil
            supportLink = isSeen ? support.link(for: viewer) : nil
        }

        private static func words(_ accesses: [Access]) -> [String] {
            accesses.map { access in
                "\(access.actions.words) your \(access.resource.type) \(access.resource.localName)"
                    .capitalisedFirst
            }
        }
    }

    let title = "My data"
    let section: String? = "/support"
    let providerName: String
    let rows: [Row]
    let next: String?
    let liveTag: String?

    init(_ found: Paged<OwnDataView>, _ viewer: Viewer) {
        providerName = viewer.providerName
        rows = found.items.map { Row($0, viewer) }
        next = found.next.map { "/my-data?cursor=\($0.asQueryValue)" }
        liveTag = LiveTag.of(found.items.map(\.request))
    }
}

extension RequestView {
    /// Whether access has been open, if only for a moment.
    fileprivate var hasBegun: Bool {
        switch grantState {
        case .active: true
        case .removing, .removalFailed, .ended: wasOpen
        case .scheduled, nil: false
        }
    }
}
