extension PortalSite {
    var decisionRoutes: [Route] { [] }
}
