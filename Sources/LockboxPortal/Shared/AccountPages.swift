extension PortalSite {
    var accountRoutes: [Route] { [] }
}
