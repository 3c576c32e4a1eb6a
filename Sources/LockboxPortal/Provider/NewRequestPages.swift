extension PortalSite {
    var newRequestRoutes: [Route] { [] }
}
