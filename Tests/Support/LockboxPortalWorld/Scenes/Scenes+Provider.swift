extension Scene {
    static let work: [Scene] = []

    static let newRequest: [Scene] = []

    static let access: [Scene] = []

    static let tenants: [Scene] = []
}
