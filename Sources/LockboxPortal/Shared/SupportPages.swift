extension PortalSite {
    var supportRoutes: [Route] { [] }
}
