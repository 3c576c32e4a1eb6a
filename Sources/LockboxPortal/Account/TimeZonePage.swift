import Hummingbird
import LockboxDomain
import LockboxNotifier
import LockboxService

/// In which time zone somebody reads times.
struct TimeZonePage: Page {
    static let template = PageTemplate(PackageResources.time_zone_mustache)

    struct Zone: Sendable {
        let value: String
        let isChosen: Bool
    }

    let title = "Your time zone"
    let zones: [Zone]
    let problems: Problems
    let csrf: String
    let key: String

    init(_ viewer: Viewer, refused: Refusal? = nil) {
        let chosen = viewer.person.timeZone
        // Also one that the list does not have any more.
        let missing = chosen.map { TimeZoneName.all.contains($0) ? [] : [$0] } ?? []
        zones = (missing + TimeZoneName.all).map {
            Zone(value: $0.text, isChosen: $0 == chosen)
        }
        problems = refused.map { Problems([$0.words(on: .settings)]) } ?? .none
        csrf = viewer.csrf
        key = viewer.formKey
    }
}

extension PortalSite {
    var timeZoneRoutes: [Route] {
        [
            page("/account/time-zone", for: .both) { _, _, viewer in TimeZonePage(viewer) },
            form("/account/time-zone", for: .both, back: { _ in "/account/time-zone" }) {
                form,
                _,
                viewer in
                do {
                    let zone = try Self.timeZone(form["timeZone"] ?? "")
                    try await lockbox.changeTimeZone(to: zone, by: viewer.person)
                    return seeOther("/account", .timeZoneChanged)
                } catch let refusal as Refusal {
                    if case .notSignedIn = refusal { throw refusal }
                    let page = TimeZonePage(viewer, refused: refusal)
                    return html(page, viewer, status: .unprocessableContent)
                }
            },
        ]
    }

    /// Nil for none in particular.
    private static func timeZone(_ name: String) throws(Refusal) -> TimeZoneName? {
        if name.isEmpty { return nil }
        guard let zone = TimeZoneName(name), zone.isKnown else {
            throw .invalid(field: "timeZone", problem: .notAllowedHere("is not known here."))
        }
        return zone
    }
}
