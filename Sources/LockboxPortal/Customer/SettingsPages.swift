extension PortalSite {
    var settingsRoutes: [Route] { [] }
}
