extension PortalSite {
    var accessRoutes: [Route] { [] }
}
