extension PortalSite {
    var workRoutes: [Route] { [] }
}
