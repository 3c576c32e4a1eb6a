import LockboxDomain

/// What surrounds every page: the document's head, whose place this is, the navigation, and who is
/// signed in.
struct Frame: Sendable {
    struct NavigationItem: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool
        /// What waits for her there.
        let count: String?
    }

    private static let template = PageTemplate(PackageResources.frame_mustache)

    /// What the browser's tab says: the page, whose it is, and the product.
    let tabTitle: String
    /// `customer`, `provider`, or `door` before sign-in.
    let place: String
    /// Whose data this is about, always in sight: an approver of two companies must know where she
    /// is.
    let organisation: String
    /// One of twelve colours that stand for the organisation.
    let hue: Int
    let area: String?
    let navigation: [NavigationItem]
    let personName: String?
    let personRoles: String
    let csrf: String
    let serverTime: Int64
    let liveTag: String?
    /// Where the script finds the page anew if this is the answer to a form.
    let formPage: String?
    let done: String?
    let styleSheet = Assets.styleSheet.path
    let script = Assets.script.path
    let icon = Assets.icon.path
    /// The provider's, at the door and on the provider's own pages.
    let logo: String?
    let colours: String?
    let help: String?
    let helpLink: String?
    let content: String

    init(_ page: any Page, viewer: Viewer, done: Flash?, _ branding: Branding) {
        place = viewer.isCustomer ? "customer" : "provider"
        organisation = viewer.tenant?.name ?? viewer.providerName
        tabTitle = "\(page.title) · \(organisation) · Lockbox"
        hue = Self.hue(of: viewer.tenant?.id.text ?? "")
        area = viewer.isCustomer ? "Admin centre" : "Request tool"
        navigation = Self.navigation(for: viewer).map {
            NavigationItem(
                label: $0.label,
                href: $0.href,
                isCurrent: $0.href == page.section,
                count: $0.href == viewer.waitingPlace ? viewer.waitingCount : nil
            )
        }
        personName = viewer.person.name
        personRoles = viewer.person.roles.names.joined(separator: ", ")
        csrf = viewer.csrf
        serverTime = viewer.now.milliseconds
        liveTag = page.liveTag
        formPage = viewer.formPage
        self.done = done?.sentence
        logo = viewer.isCustomer ? nil : branding.logo?.path
        (colours, help, helpLink) = (branding.colours?.path, branding.help, branding.helpLink)
        content = page.content()
    }

    /// For pages that anyone may see.
    init(beforeSignIn page: any Page, at provider: String?, now: Timestamp, _ branding: Branding) {
        tabTitle = ([page.title, provider].compactMap(\.self) + ["Lockbox"]).joined(
            separator: " · "
        )
        (place, organisation, hue) = ("door", provider ?? "Lockbox", 0)
        area = provider == nil ? nil : "Lockbox"
        (logo, colours) = (branding.logo?.path, branding.colours?.path)
        (help, helpLink) = (branding.help, branding.helpLink)
        (navigation, personName, personRoles, csrf) = ([], nil, "", "")
        (liveTag, formPage, done) = (nil, nil, nil)
        serverTime = now.milliseconds
        content = page.content()
    }

    func document() -> String { Self.template.render(self) }

    /// FNV-1a of the identifier, so that a tenant keeps its colour for ever.
    private static func hue(of id: String) -> Int {
        var hash: UInt32 = 0x811c_9dc5
        for byte in id.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return Int(hash % 12)
    }

    static func navigation(for viewer: Viewer) -> [(label: String, href: String)] {
        guard viewer.isCustomer else {
            var items = [("My work", "/work")]
            // An auditor of the provider reads its log, and neither requests nor tenants.
            if viewer.seesRequests {
                items += [
                    ("Requests", "/requests"), ("Support", "/support"), ("Tenants", "/tenants"),
                ]
            }
            if viewer.holds([.manager, .operator, .auditor]) { items.append(("Audit", "/audit")) }
            return items
        }
        guard viewer.oversees else {
            return [("Support", "/support"), ("Requests", "/lockbox")]
        }
        return [
            ("Overview", "/overview"), ("Requests", "/lockbox"), ("Live access", "/lockbox/live"),
            ("Support", "/support"), ("People", "/people"), ("Settings", "/settings"),
            ("Audit", "/audit"),
        ]
    }
}

extension Viewer {
    /// Where that is done which waits for her.
    fileprivate var waitingPlace: String { isCustomer ? RequestPath.customer : "/work" }

    /// Nil where nothing waits.
    fileprivate var waitingCount: String? {
        guard waiting > 0 else { return nil }
        return waiting < Limits.awaitedCounted ? String(waiting) : "\(Limits.awaitedCounted - 1)+"
    }
}
