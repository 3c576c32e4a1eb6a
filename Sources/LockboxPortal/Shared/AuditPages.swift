extension PortalSite {
    var auditRoutes: [Route] { [] }
}
