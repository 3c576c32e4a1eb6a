import LockboxDomain
import LockboxPorts

extension SQLTransaction: LoginRequestRecords {
    func insert(_ request: LoginRequest, secretHash: [UInt8], userCodeHash: [UInt8]?) throws {
        var columns: Columns = [
            "id": .id(request.id),
            "secret_hash": .blob(secretHash),
            "user_code_hash": .optional(userCodeHash),
            "device": .text(request.device),
            "asked_from": .optional(request.askedFrom?.description),
            "scopes": .scopes(request.scopes),
            "redirect": .optional(request.callback?.address),
            "challenge": .optional(request.callback?.challenge),
            "made_at": .time(request.madeAt),
            "ends_at": .time(request.endsAt),
        ]
        for (name, value) in Self.columns(of: request.standing) { columns[name] = value }
        try connection.insert(columns, into: "login_request")
    }

    func loginRequest(secretHash: [UInt8]) throws -> LoginRequest? {
        try connection.selectOne(
            from: "login_request",
            "WHERE secret_hash = $1",
            [.blob(secretHash)],
            row: Self.loginRequest
        )
    }

    func loginRequest(userCodeHash: [UInt8]) throws -> LoginRequest? {
        try connection.selectOne(
            from: "login_request",
            "WHERE user_code_hash = $1",
            [.blob(userCodeHash)],
            row: Self.loginRequest
        )
    }

    func update(_ request: LoginRequest) throws {
        try connection.execute(
            "UPDATE login_request SET person = $1, is_denied = $2, token = $3 WHERE id = $4",
            Self.columns(of: request.standing).map(\.value) + [.id(request.id)]
        )
    }

    func deviceLoginsWaiting(at now: Timestamp) throws -> Int {
        try connection.queryOne(
            """
            SELECT count(*) FROM login_request
            WHERE ends_at > $1 AND redirect IS NULL AND is_denied = 0 AND token IS NULL
            """,
            [.time(now)]
        ) { try $0.count(0) } ?? 0
    }

    func denyLoginRequests(allowedBy person: PersonID) throws {
        try connection.execute(
            """
            UPDATE login_request SET person = NULL, is_denied = 1
            WHERE person = $1 AND token IS NULL
            """,
            [.id(person)]
        )
    }

    private static func columns(of standing: LoginRequest.Standing) -> [(
        name: String, value: SQLValue
    )] {
        let (person, isDenied, token): (PersonID?, Bool, TokenID?) =
            switch standing {
            case .waiting: (nil, false, nil)
            case .allowed(let person): (person, false, nil)
            case .denied: (nil, true, nil)
            case .used(let token, let person): (person, false, token)
            }
        return [
            ("person", .id(person)), ("is_denied", .flag(isDenied)), ("token", .id(token)),
        ]
    }

    private static func standing(_ row: SQLRow) throws -> LoginRequest.Standing {
        if try row.flag("is_denied") { return .denied }
        guard let person: PersonID = try row.optionalID("person") else { return .waiting }
        guard let token: TokenID = try row.optionalID("token") else { return .allowed(person) }
        return .used(token, person)
    }

    private static func loginRequest(_ row: SQLRow) throws -> LoginRequest {
        let callback = try row.optionalText("redirect").map { address in
            try row.required(
                LoginCallback(address: address, challenge: try row.text("challenge"))
            )
        }
        return LoginRequest(
            id: try row.id("id"),
            device: try row.text("device"),
            askedFrom: try row.optionalText("asked_from").map {
                try row.required(AddressRange($0))
            },
            scopes: try row.scopes("scopes"),
            callback: callback,
            madeAt: try row.timestamp("made_at"),
            endsAt: try row.timestamp("ends_at"),
            standing: try standing(row)
        )
    }
}
