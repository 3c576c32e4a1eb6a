extension PortalSite {
    var liveRoutes: [Route] { [] }
}
