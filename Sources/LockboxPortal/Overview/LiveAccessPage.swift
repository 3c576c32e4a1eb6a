import Hummingbird
import LockboxDomain
import LockboxService

/// One access that is open now, or not gone yet, with what is known of its use.
struct OpenAccess: Sendable {
    /// The request's, which the form that stops it names.
    let number: String
    let openBy: String
    let openBadge: Badge
    let isOpen: Bool
    let grantedAccess: [String]
    let openSince: ShownTime
    let openUntil: ShownTime
    let openClock: Countdown
    let useWords: String
    let lastUse: ShownTime?
    let supportNumber: String
    let mayStop: Bool
    let asksToSign: Bool
    let stopEffect: String
    let isFailing: Bool
    /// What is so of connections that nobody cuts, once access has ended.
    let leftOpen: String?

    init?(_ view: RequestView, viewer: Viewer) {
        guard let grant = view.request.state.grant else { return nil }
        number = view.request.id.text
        openBy = "\(view.engineerName) of \(viewer.providerName)\(view.askerNote)"
        openBadge = Badge(view, for: viewer.person.side)
        isOpen = view.grantState == .active
        grantedAccess = grant.scope.words.map(\.capitalisedFirst)
        openSince = ShownTime(grant.start)
        openUntil = ShownTime(view.request.state.ending?.at ?? grant.end)
        openClock = Countdown(
            until: view.grantState == .scheduled ? grant.start : grant.end,
            now: view.at
        )
        useWords = view.useWords
        lastUse = view.lastUse.map { ShownTime($0, withSeconds: true) }
        supportNumber = view.request.terms.supportRequest.text
        let isStoppable = view.grantState == .active || view.grantState == .scheduled
        stopEffect = view.stopEffect
        mayStop = isStoppable && viewer.person.mayDecide(for: view.request.terms.tenant)
        asksToSign = viewer.tenant?.policy.signedChanges == .required
        isFailing = view.grantState == .removalFailed
        leftOpen = view.leftOpenWords?.capitalisedFirst
    }
}

/// Who is in the tenant's data now.
struct LiveAccessPage: Page {
    static let template = PageTemplate(PackageResources.live_access_mustache)

    let title = "Live access"
    let section: String? = "/lockbox/live"
    let liveTag: String?
    let open: [OpenAccess]
    let leaving: [OpenAccess]
    let coming: [OpenAccess]
    let isNobody: Bool
    /// The ways to stop several at once, where there are several.
    let stops: [StopLink]
    /// Whether the reader sees what is about other people's support requests too.
    let seesAll: Bool
    let csrf: String
    let key: String

    struct StopLink: Sendable {
        let stopHref: String
        let stopLabel: String
    }

    init(_ views: [RequestView], viewer: Viewer) {
        func accesses(_ states: [RequestView.GrantState]) -> [OpenAccess] {
            views.filter { $0.grantState.map(states.contains) ?? false }.compactMap {
                OpenAccess($0, viewer: viewer)
            }
        }
        open = accesses([.active])
        leaving = views.filter(\.isOverAndMayRemain).compactMap { OpenAccess($0, viewer: viewer) }
        coming = accesses([.scheduled])
        // Whoever is not confirmed to be gone may still be there.
        isNobody = open.isEmpty && leaving.isEmpty
        stops = viewer.mayDecide ? Self.stops(views.filter(\.isStoppable)) : []
        seesAll = viewer.oversees
        liveTag = LiveTag.of(views)
        csrf = viewer.csrf
        key = viewer.formKey
    }

    private static func stops(_ views: [RequestView]) -> [StopLink] {
        guard views.count > 1 else { return [] }
        let path = "\(RequestPath.customer)/stop"
        let all = StopLink(stopHref: path, stopLabel: "Stop all \(views.count)…")
        let byEngineer = Dictionary(grouping: views, by: \.request.terms.engineer)
        guard byEngineer.count > 1 else { return [all] }
        return [all]
            + byEngineer.sorted { $0.key < $1.key }.map { engineer, views in
                StopLink(
                    stopHref: "\(path)?engineer=\(engineer)",
                    stopLabel: "Stop all of \(views[0].engineerName) (\(views.count))…"
                )
            }
    }
}

extension PortalSite {
    var liveAccessRoutes: [Route] {
        [
            page("/lockbox/live", for: .customer) { _, _, viewer in
                LiveAccessPage(try await grants(viewer), viewer: viewer)
            }
        ]
    }

    /// Requests whose access is open, will be, or is over and may have left something open.
    func grants(_ viewer: Viewer) async throws -> [RequestView] {
        try await lockbox.unfinishedRequests(tenant: viewer.tenant?.id.text, by: viewer.person)
            .filter(\.holdsAccess)
    }
}

extension RequestView {
    /// Access is open, will be, or is over and may have left something open.
    var holdsAccess: Bool {
        isOverAndMayRemain || grantState == .scheduled || grantState == .active
    }

    /// Access is over and not confirmed to be gone, or was lately and nobody ever confirms it.
    var isOverAndMayRemain: Bool {
        grantState == .removing || grantState == .removalFailed || mayBeConnected
    }

    /// As in "it ended: …; …".
    var leftOpenWords: String? { leftOpen.leftOpenWords }
}
