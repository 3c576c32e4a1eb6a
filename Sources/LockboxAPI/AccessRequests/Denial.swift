import Foundation
import LockboxDomain
import LockboxPorts
import LockboxService
import LockboxWire

/// Access that somebody asks about.
struct AskedAccess {
    let engineer: PersonID
    let access: Access
    /// What the asker says it was approved by: then nothing else counts.
    let approval: AuthZENQuestion.Approval?
    /// Its number among several.
    let item: Int?

    init(
        _ engineer: PersonID,
        _ access: Access,
        _ approval: AuthZENQuestion.Approval?,
        item: Int?
    ) {
        self.engineer = engineer
        self.access = access
        self.approval = approval
        self.item = item
    }

    func mayRest(on request: AccessRequestID) -> Bool {
        approval.map { $0.request == request } ?? true
    }
}

/// How access that was denied can be asked for (Access Request and Approval Profile).
struct RequestOffer: Encodable {
    let endpoint: String
    let expires_at: String
    let binding_token: String
}

/// What a denial was about, signed, so that nothing of it is kept here. There is no secret in it, and
/// it gives nothing: a request needs the engineer's own token besides.
struct DenialClaims: Codable {
    /// Never the type of an access token, which has the same keys.
    static let type = "lockbox-denial+jwt"

    let iss: String
    let aud: String
    let iat: Int64
    let exp: Int64
    let jti: String
    let evaluation_id: String
    let denial_expires_at: String
    /// The service, which a service that asks does not name.
    let service: String
    /// Of subject, action and resource as they were sent.
    let binding_hash: String
    let binding_context_members: [String]
}

/// Why an approval does not open what is asked for, and what its bearer can do about it.
private enum ApprovalStanding {
    case unverifiable
    /// It is over, in whatever way.
    case expired
    case outOfScope
    /// It begins later.
    case pending(TimeSpan)

    var reason: String {
        switch self {
        case .unverifiable: "approval_unverifiable"
        case .expired: "approval_expired"
        case .outOfScope: "out_of_scope"
        case .pending: "grant_pending"
        }
    }
}

extension AuthZENEvaluator.Asker {
    func mayAsk(about engineer: PersonID) -> Bool {
        switch self {
        case .service: true
        case .person(let person): person.id == engineer
        }
    }
}

extension AuthZENEvaluator {
    /// The answer where `asked` is not open now. It is a no in every case.
    mutating func denial(of asked: AskedAccess, isRequestable: Bool) async throws
        -> AuthZENDecision
    {
        let wantsMore: Bool
        switch asker {
        // Nothing is read or signed for a service that would pass it over.
        case .service: wantsMore = isRequestable || asked.approval != nil
        case .person: wantsMore = true
        }
        guard wantsMore else { return .no }
        guard let approval = asked.approval else {
            guard var context = try await offer(asked) else { return .no }
            context.reason = "approval_required"
            return AuthZENDecision(decision: false, context: context)
        }
        let standing = try await standing(of: approval, for: asked)
        var context = AuthZENDecision.Context()
        switch standing {
        case .expired, .outOfScope:
            if let offer = try await offer(asked) {
                context = offer
                context.next_action = "request"
            } else {
                context.next_action = "none"
            }
        case .pending(let wait):
            context.next_action = "retry"
            context.retry_after = (wait.milliseconds + 999) / 1000
        case .unverifiable: context.next_action = "none"
        }
        context.reason = standing.reason
        return AuthZENDecision(decision: false, context: context)
    }

    /// How an approval stands. Whoever else's it is, and whatever else it is about, it is as if there
    /// were none: so a service does not hear of other services.
    private func standing(
        of approval: AuthZENQuestion.Approval,
        for asked: AskedAccess
    ) async throws -> ApprovalStanding {
        guard let id = approval.request,
            let view = try await api.lockbox.approval(id, of: asked.engineer),
            let grant = view.request.state.grant
        else { return .unverifiable }
        switch asker {
        case .service(let service):
            let terms = view.request.terms
            guard terms.scope.services.contains(service.id) else { return .unverifiable }
        case .person: break
        }
        guard view.request.state.ending == nil, view.unrecordedEnd == nil else { return .expired }
        guard
            let given = grant.scope.actions(on: asked.access.resource),
            given.isSuperset(of: asked.access.actions)
        else { return .outOfScope }
        // A grant that has begun is opened within a moment, by whichever process.
        return .pending(max(.seconds(1), grant.start - view.at))
    }

    /// How the access can be asked for; nil where it cannot. To a service it says nothing of whether
    /// the engineer and the resource exist.
    private mutating func offer(_ asked: AskedAccess) async throws -> AuthZENDecision.Context? {
        let resource = asked.access.resource
        switch asker {
        case .service(let service):
            guard resource.type == service.resourceType else { return nil }
        case .person(let person):
            guard person.holds(oneOf: .engineer, at: .provider),
                try await api.lockbox.owner(of: resource, by: person) != nil
            else { return nil }
        }
        guard let digest = try sentTerms(asked.item).digest() else { return nil }
        let now = api.clock.now()
        let end = Timestamp(
            milliseconds: (now + APILimits.denialKept).secondsSinceEpoch * 1000
        )
        let name = "eval_" + api.tokens.newName()
        let claims = DenialClaims(
            iss: api.publicURL,
            aud: api.publicURL,
            iat: now.secondsSinceEpoch,
            exp: end.secondsSinceEpoch,
            jti: name,
            evaluation_id: name,
            denial_expires_at: end.description,
            service: resource.service.text,
            binding_hash: digest,
            binding_context_members: []
        )
        return AuthZENDecision.Context(
            evaluation_id: name,
            evaluated_at: now.description,
            access_request: RequestOffer(
                endpoint: api.publicURL + API.accessRequestPath,
                expires_at: end.description,
                binding_token: try api.tokens.sign(claims, as: DenialClaims.type, now: now)
            )
        )
    }
}
