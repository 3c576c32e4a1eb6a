extension Scene {
    static let settings: [Scene] = []

    static let people: [Scene] = []
}
