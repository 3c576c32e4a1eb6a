import CCurl
import Glibc
import LockboxPorts

/// One letter's way to the relay. Blocks its thread until libcurl is done.
///
/// libcurl speaks the protocol; its three callbacks tell how far it came, which decides what a
/// failure means: before the last byte of the letter is handed over it cannot have been delivered,
/// after that only a reply can tell.
final class SMTPTransfer {
    private let message: MailMessage
    private let configuration: SMTPConfiguration
    private let mayGo: @Sendable () -> Bool
    private var step = ReplyMeaning.Step.connect
    private var signIn: SignInWatch
    /// Each form of the secret that must not be shown.
    private var secrets: [String] = []
    private var handedOver = 0
    private var isHeldBack = false
    private var reply = ReplyReader()

    private init(
        _ message: MailMessage,
        _ configuration: SMTPConfiguration,
        _ mayGo: @escaping @Sendable () -> Bool
    ) {
        self.message = message
        self.configuration = configuration
        self.mayGo = mayGo
        signIn = SignInWatch(configuration)
    }

    static func send(
        _ message: MailMessage,
        to configuration: SMTPConfiguration,
        while mayGo: @escaping @Sendable () -> Bool
    ) -> Result<MailReceipt, MailError> {
        withoutPipeSignal { SMTPTransfer(message, configuration, mayGo).perform() }
    }

    // MARK: Running

    /// libcurl wants this once, before any other call.
    private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private func perform() -> Result<MailReceipt, MailError> {
        guard Self.isInitialised, let handle = curl_easy_init() else {
            return .failure(.unreachable("libcurl does not start"))
        }
        let secret = configuration.credentials?.read()
        if let credentials = configuration.credentials {
            guard let secret else { return .failure(.unsafe("the token file cannot be read")) }
            secrets = credentials.forms(of: secret)
        }
        let recipients = curl_slist_append(nil, "<\(message.to)>")
        let errorText = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0)
        defer {
            curl_easy_cleanup(handle)
            curl_slist_free_all(recipients)
            errorText.deallocate()
        }
        return withExtendedLifetime(self) {
            let options = SMTPOptions(handle)
            options.pointer(CURLOPT_ERRORBUFFER, errorText.baseAddress)
            options.relay(configuration, secret: secret)
            options.envelope(
                from: message.returnPath ?? configuration.sender ?? message.from,
                to: recipients
            )
            options.transfer(self, size: message.bytes.count)
            let result = options.result == CURLE_OK ? curl_easy_perform(handle) : options.result
            let detail =
                errorText.first == 0
                ? curl_easy_strerror(result)! : UnsafePointer(errorText.baseAddress!)
            return outcome(result, String(cString: detail))
        }
    }

    /// Holds SIGPIPE back from this thread: a relay that hangs up is an error, not the end of the
    /// process. libcurl may leave the signal to us, since its own way changes the whole process and
    /// is not for threads (CURLOPT_NOSIGNAL).
    private static func withoutPipeSignal<Value>(_ body: () -> Value) -> Value {
        var (pipe, before, noTime) = (sigset_t(), sigset_t(), timespec())
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer {
            while sigtimedwait(&pipe, nil, &noTime) == SIGPIPE {}
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        return body()
    }

    private func outcome(
        _ result: CURLcode,
        _ detail: String
    ) -> Result<MailReceipt, MailError> {
        if let problem = signIn.problem { return .failure(.unsafe(problem)) }
        if isHeldBack { return .failure(.heldBack) }
        let said = reply.last ?? (code: 0, text: "")
        switch said.code {
        case 400...599:
            let meaning = ReplyMeaning(code: said.code, status: reply.status, at: step)
            return .failure(meaning.error(code: said.code, text: text(said.text)))
        case _ where Self.unsafe.contains(result): return .failure(.unsafe(text(detail)))
        case 200...299 where isHandedOver:
            return .success(MailReceipt(reply: text("\(said.code) \(said.text)")))
        case _:
            return .failure(
                isHandedOver ? .outcomeUnknown(text(detail)) : .unreachable(text(detail))
            )
        }
    }

    /// There is no TLS, or not with whom it should be, or no way to sign in that we have: trying
    /// again does not mend it.
    private static let unsafe = [
        CURLE_LOGIN_DENIED,
        CURLE_USE_SSL_FAILED, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
        CURLE_SSL_ISSUER_ERROR,
    ]

    private var isHandedOver: Bool { handedOver == message.bytes.count }

    private func text(_ text: String) -> String {
        // Whoever knows the address may report the letter undelivered.
        ReplyText.cleaned(text, hiding: secrets + [message.returnPath].compactMap(\.self))
    }

    // MARK: What libcurl tells us

    func commandSent(_ command: UnsafeRawBufferPointer) {
        // The reply to the letter is the one that counts, not the one to the goodbye.
        if command.starts(with: "QUIT\r\n".utf8) { return reply.close() }
        signIn.commandSent(command)
        let steps: [(String, ReplyMeaning.Step)] = [
            ("MAIL FROM:", .sender), ("RCPT TO:", .recipient), ("DATA\r\n", .data),
        ]
        guard let next = steps.first(where: { command.starts(with: $0.0.utf8) })?.1 else { return }
        step = next
        reply.forget()
    }

    /// False calls the transfer off.
    func replyReceived(_ line: UnsafeRawBufferPointer) -> Bool {
        reply.read(line)
        return signIn.replyReceived(line)
    }

    /// The next bytes of the letter; nil calls the transfer off.
    func handOver(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        step = .body
        // Without its last bytes the relay has no letter.
        guard signIn.isDone else { return nil }
        guard mayGo() else {
            isHeldBack = true
            return nil
        }
        let next = message.bytes[handedOver...].prefix(buffer.count)
        buffer.copyBytes(from: next)
        handedOver += next.count
        // What the relay said before this point (354) is no answer to the letter.
        if isHandedOver, !next.isEmpty { reply.forget() }
        return next.count
    }
}
