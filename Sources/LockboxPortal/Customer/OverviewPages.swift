extension PortalSite {
    var overviewRoutes: [Route] { [] }
}
