import CCurl
import LockboxDomain

/// Tells libcurl what to do, option by option; `result` is the first failure.
final class SMTPOptions {
    private let handle: UnsafeMutableRawPointer
    private(set) var result = CURLE_OK
    private var url = ""

    init(_ handle: UnsafeMutableRawPointer) { self.handle = handle }

    private func note(_ code: CURLcode) { if result == CURLE_OK { result = code } }

    func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        note(ccurl_set_pointer(handle, option, value))
    }

    private func number(_ option: CURLoption, _ value: Int) {
        note(ccurl_set_long(handle, option, value))
    }

    private func string(_ option: CURLoption, _ value: String?) {
        note(ccurl_set_string(handle, option, value))
    }

    /// `secret` is that of the configuration's credentials.
    func relay(_ configuration: SMTPConfiguration, secret: String?) {
        // Environment variables and ~/.netrc must not change where letters go.
        string(CURLOPT_PROXY, "")
        string(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        number(CURLOPT_PORT, configuration.port)
        number(
            CURLOPT_USE_SSL,
            Int((configuration.encryption == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL).rawValue)
        )
        number(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let authorities = configuration.authorities {
            string(CURLOPT_CAINFO, authorities)
            string(CURLOPT_CAPATH, nil)
        }
        switch configuration.credentials?.secret {
        case .password:
            string(CURLOPT_USERNAME, configuration.credentials?.user)
            string(CURLOPT_PASSWORD, secret)
        case .tokenFile:
            string(CURLOPT_USERNAME, configuration.credentials?.user)
            string(CURLOPT_XOAUTH2_BEARER, secret)
            // Nothing else: without a password some ways to sign in would prove nothing.
            string(CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2")
        case nil: break
        }
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_CONNECTTIMEOUT_MS, Int(configuration.connectTimeout.milliseconds))
        number(CURLOPT_TIMEOUT_MS, Int(configuration.totalTimeout.milliseconds))
        // Bounds the goodbye, which the total does not; and with the connection's end it happens
        // within the transfer.
        number(
            CURLOPT_SERVER_RESPONSE_TIMEOUT,
            max(1, Int((configuration.totalTimeout.milliseconds + 999) / 1000))
        )
        number(CURLOPT_FORBID_REUSE, 1)
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        url = "\(configuration.encryption == .implicit ? "smtps" : "smtp")://\(host)"
    }

    /// The sender's domain is the name we greet with (RFC 5321 §2.3.5 wants a full one, which a
    /// container's is not).
    func envelope(from sender: String, to recipients: UnsafeMutablePointer<curl_slist>?) {
        let domain = sender.split(separator: "@").last ?? "localhost"
        string(CURLOPT_URL, "\(url)/\(domain)")
        string(CURLOPT_MAIL_FROM, "<\(sender)>")
        note(ccurl_set_list(handle, CURLOPT_MAIL_RCPT, recipients))
    }

    /// The caller keeps `transfer` alive until libcurl is done.
    func transfer(_ transfer: SMTPTransfer, size: Int) {
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        number(CURLOPT_UPLOAD, 1)
        note(ccurl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(size)))
        note(
            ccurl_set_reader(handle) { buffer, size, count, context in
                guard let buffer, let context else { return Int(CURL_READFUNC_ABORT) }
                return SMTPOptions.transfer(context).handOver(
                    into: .init(start: buffer, count: size * count)
                ) ?? Int(CURL_READFUNC_ABORT)
            }
        )
        pointer(CURLOPT_READDATA, context)
        note(
            ccurl_set_header_writer(handle) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let goesOn = SMTPOptions.transfer(context).replyReceived(
                    .init(start: bytes, count: size * count)
                )
                return goesOn ? size * count : 0
            }
        )
        pointer(CURLOPT_HEADERDATA, context)
        // libcurl would print any body to standard output.
        note(ccurl_set_body_writer(handle) { _, size, count, _ in size * count })
        // The tracer sees the sign-in too; it looks at nothing but a command's first word.
        note(
            ccurl_set_tracer(handle) { _, kind, bytes, count, context in
                if kind == CURLINFO_HEADER_OUT, let bytes, let context {
                    SMTPOptions.transfer(context).commandSent(.init(start: bytes, count: count))
                }
                return 0
            }
        )
        pointer(CURLOPT_DEBUGDATA, context)
        number(CURLOPT_VERBOSE, 1)
    }

    private static func transfer(_ context: UnsafeMutableRawPointer) -> SMTPTransfer {
        Unmanaged<SMTPTransfer>.fromOpaque(context).takeUnretainedValue()
    }
}
