import HTTPTypes
import Hummingbird
import LockboxServer
import Logging
import NIOCore

/// Contoso's web application: a page, and a download that takes its time. It asks nobody who comes;
/// the gateway in front of it does.
struct WebApplication {
    let port: Int

    /// Serves until the task is cancelled.
    func run() async throws {
        let router = Router()
        router.get("/") { request, _ in
            let name = HTTPField.Name("X-Lockbox-Request").flatMap { request.headers[$0] }
            return "Contoso's orders, shown for \(name ?? "nobody")\n"
        }
        router.get("/export") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    for number in 1... {
                        try await writer.write(ByteBuffer(string: "order \(number)\n"))
                        try await SystemPause.sleep(.milliseconds(20))
                    }
                    try await writer.finish(nil)
                }
            )
        }
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() }
        )
        try await application.run()
    }
}
