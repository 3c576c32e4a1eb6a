extension Scene {
    static let overview: [Scene] = []

    static let requests: [Scene] = []

    static let liveAccess: [Scene] = []
}
