extension PortalSite {
    var tenantsRoutes: [Route] { [] }
}
