import NIOCore

extension EventLoopGroup {
    /// Waits for `time`, or for less where the group is at its end.
    func pause(_ time: TimeAmount) async {
        let pause = any().scheduleTask(in: time) {}
        _ = try? await pause.futureResult.get()  // best effort: a pause
    }
}
