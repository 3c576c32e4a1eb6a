extension Scene {
    static let support: [Scene] = []

    static let account: [Scene] = []

    static let audit: [Scene] = []
}
