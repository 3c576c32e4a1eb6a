extension PortalSite {
    var peopleRoutes: [Route] { [] }
}
