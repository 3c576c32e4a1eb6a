import LockboxDomain
import Testing

/// What a person can try to do to a request.
enum Attempt: String, CaseIterable {
    case approve, deny, withdraw, finish, revoke, mayUse
}

/// Every attempt × person × state, and what comes of it. Written by hand from the rules, not from
/// the code:
///
///     → state   it is done, and the request is in that state afterwards
///     yes       (mayUse) the person may use the access
///     role      the person's roles do not allow it
///     none      the request does not exist for the person
///     own       nobody decides on a request of her own
///     turn      the request does not wait for this side's decision
///     late      it is decided or over
///     state     it cannot be done in this state
///     shut      there is no access to use
let decisionTable = """
    approve          awaitingManager   awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         role              role             role      role   role  role     role   role      role
    otherEngineer    role              role             role      role   role  role     role   role      role
    manager          →awaitingCustomer turn             late      late   late  late     late   late      late
    engineerManager  own               own              own       own    own   own      own    own       own
    disabledEngineer role              role             role      role   role  role     role   role      role
    operator         role              role             role      role   role  role     role   role      role
    providerAuditor  role              role             role      role   role  role     role   role      role
    approver         turn              →active          late      late   late  late     late   late      late
    admin            turn              →active          late      late   late  late     late   late      late
    member           role              role             role      role   role  role     role   role      role
    tenantAuditor    role              role             role      role   role  role     role   role      role
    foreignApprover  none              none             none      none   none  none     none   none      none
    disabledApprover role              role             role      role   role  role     role   role      role
    aliasApprover    own               own              own       own    own   own      own    own       own
    aliasManager     own               own              own       own    own   own      own    own       own

    deny             awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         role            role             role      role   role  role     role   role      role
    otherEngineer    role            role             role      role   role  role     role   role      role
    manager          →rejected       turn             late      late   late  late     late   late      late
    engineerManager  own             own              own       own    own   own      own    own       own
    disabledEngineer role            role             role      role   role  role     role   role      role
    operator         role            role             role      role   role  role     role   role      role
    providerAuditor  role            role             role      role   role  role     role   role      role
    approver         turn            →denied          late      late   late  late     late   late      late
    admin            turn            →denied          late      late   late  late     late   late      late
    member           role            role             role      role   role  role     role   role      role
    tenantAuditor    role            role             role      role   role  role     role   role      role
    foreignApprover  none            none             none      none   none  none     none   none      none
    disabledApprover role            role             role      role   role  role     role   role      role
    aliasApprover    own             own              own       own    own   own      own    own       own
    aliasManager     own             own              own       own    own   own      own    own       own

    withdraw         awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         →withdrawn      →withdrawn       state     state  state state    state  state     state
    otherEngineer    role            role             role      role   role  role     role   role      role
    manager          role            role             role      role   role  role     role   role      role
    engineerManager  →withdrawn      →withdrawn       state     state  state state    state  state     state
    disabledEngineer role            role             role      role   role  role     role   role      role
    operator         role            role             role      role   role  role     role   role      role
    providerAuditor  role            role             role      role   role  role     role   role      role
    approver         role            role             role      role   role  role     role   role      role
    admin            role            role             role      role   role  role     role   role      role
    member           role            role             role      role   role  role     role   role      role
    tenantAuditor    role            role             role      role   role  role     role   role      role
    foreignApprover  none            none             none      none   none  none     none   none      none
    disabledApprover role            role             role      role   role  role     role   role      role
    aliasApprover    role            role             role      role   role  role     role   role      role
    aliasManager     role            role             role      role   role  role     role   role      role

    finish           awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         state           state            →ended    →ended state state    state  state     state
    otherEngineer    role            role             role      role   role  role     role   role      role
    manager          role            role             role      role   role  role     role   role      role
    engineerManager  state           state            →ended    →ended state state    state  state     state
    disabledEngineer role            role             role      role   role  role     role   role      role
    operator         role            role             role      role   role  role     role   role      role
    providerAuditor  role            role             role      role   role  role     role   role      role
    approver         role            role             role      role   role  role     role   role      role
    admin            role            role             role      role   role  role     role   role      role
    member           role            role             role      role   role  role     role   role      role
    tenantAuditor    role            role             role      role   role  role     role   role      role
    foreignApprover  none            none             none      none   none  none     none   none      none
    disabledApprover role            role             role      role   role  role     role   role      role
    aliasApprover    role            role             role      role   role  role     role   role      role
    aliasManager     role            role             role      role   role  role     role   role      role

    revoke           awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         role            role             role      role   role  role     role   role      role
    otherEngineer    role            role             role      role   role  role     role   role      role
    manager          state           state            →ended    →ended state state    state  state     state
    engineerManager  state           state            →ended    →ended state state    state  state     state
    disabledEngineer role            role             role      role   role  role     role   role      role
    operator         role            role             role      role   role  role     role   role      role
    providerAuditor  role            role             role      role   role  role     role   role      role
    approver         state           state            →ended    →ended state state    state  state     state
    admin            state           state            →ended    →ended state state    state  state     state
    member           role            role             role      role   role  role     role   role      role
    tenantAuditor    role            role             role      role   role  role     role   role      role
    foreignApprover  none            none             none      none   none  none     none   none      none
    disabledApprover role            role             role      role   role  role     role   role      role
    aliasApprover    state           state            →ended    →ended state state    state  state     state
    aliasManager     state           state            →ended    →ended state state    state  state     state

    mayUse           awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    engineer         shut            shut             shut      yes    shut  shut     shut   shut      shut
    otherEngineer    role            role             role      role   role  role     role   role      role
    manager          role            role             role      role   role  role     role   role      role
    engineerManager  shut            shut             shut      yes    shut  shut     shut   shut      shut
    disabledEngineer role            role             role      role   role  role     role   role      role
    operator         role            role             role      role   role  role     role   role      role
    providerAuditor  role            role             role      role   role  role     role   role      role
    approver         role            role             role      role   role  role     role   role      role
    admin            role            role             role      role   role  role     role   role      role
    member           role            role             role      role   role  role     role   role      role
    tenantAuditor    role            role             role      role   role  role     role   role      role
    foreignApprover  none            none             none      none   none  none     none   none      none
    disabledApprover role            role             role      role   role  role     role   role      role
    aliasApprover    role            role             role      role   role  role     role   role      role
    aliasManager     role            role             role      role   role  role     role   role      role
    """

/// What happens without a person's will: rows are what, columns where.
///
///     →state  the request is in that state afterwards
///     same    nothing happens
let circumstanceTable = """
    circumstance            awaitingManager awaitingCustomer scheduled active ended rejected denied withdrawn expired
    timeBeforeTheDeadline   same            same             same      same   same  same     same   same      same
    timeAtTheDeadline       →expired        →expired         →active   →ended same  same     same   same      same
    timeLongAfter           →expired        →expired         →ended    →ended same  same     same   same      same
    rulesUnchanged          same            same             same      same   same  same     same   same      same
    moreApprovalsNeeded     same            same             →ended    →ended same  same     same   same      same
    capBelowTheGrant        same            same             →ended    →ended same  same     same   same      same
    capAtTheGrant           same            same             same      same   same  same     same   same      same
    decisionWindowShortened same            same             same      same   same  same     same   same      same
    approvalSwitchedOff     same            same             same      same   same  same     same   same      same
    licenceWithdrawn        same            same             →ended    →ended same  same     same   same      same
    engineerLeft            →withdrawn      →withdrawn       →ended    →ended same  same     same   same      same
    """

/// The same for access that rests on a policy which required no approval.
let circumstanceTableOfPolicyAccess = """
    circumstance            scheduled active ended
    timeBeforeTheDeadline   same      same   same
    timeAtTheDeadline       →active   →ended same
    timeLongAfter           →ended    →ended same
    rulesUnchanged          same      same   same
    moreApprovalsNeeded     same      same   same
    capBelowTheGrant        →ended    →ended same
    capAtTheGrant           same      same   same
    decisionWindowShortened same      same   same
    approvalSwitchedOn      →ended    →ended same
    licenceWithdrawn        →ended    →ended same
    engineerLeft            →ended    →ended same
    """

/// One cell of a table.
struct Cell: Sendable, CustomTestStringConvertible {
    let table: String
    let row: String
    let column: AccessRequest.StateName
    let expected: String

    var testDescription: String { "\(table) \(row) \(column) \(expected)" }

    /// Tables are apart by empty lines; the first line of each has its name and the columns.
    static func all(in text: String) -> [Cell] {
        text.split(separator: "\n\n").flatMap { block in
            let lines = block.split(separator: "\n").map {
                $0.split(separator: " ").map(String.init)
            }
            let columns = lines[0].dropFirst().map { name in
                guard let state = AccessRequest.StateName(rawValue: name) else {
                    preconditionFailure("no state \(name)")
                }
                return state
            }
            return lines.dropFirst().flatMap { line in
                precondition(line.count == columns.count + 1, "a cell is missing: \(line)")
                return zip(columns, line.dropFirst()).map { column, cell in
                    Cell(table: lines[0][0], row: line[0], column: column, expected: cell)
                }
            }
        }
    }
}
