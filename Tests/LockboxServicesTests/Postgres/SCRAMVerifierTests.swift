import Foundation
import Testing

@testable import LockboxServices

struct SCRAMVerifierTests {
    /// The password and the salt of RFC 7677 §3.
    @Test func verifierIsThatOfTheStandard() throws {
        let salt = try #require(Data(base64Encoded: "W22ZaJ0SNY7soEsUEjb6gQ=="))
        #expect(
            try SCRAMVerifier.text("pencil", salt: salt, iterations: 4096)
                == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
                + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        )
    }

    @Test func secretHasItsOwnSaltAndIsNotInTheVerifier() throws {
        let (one, two) = (try SCRAMVerifier.text("lbc_one"), try SCRAMVerifier.text("lbc_two"))
        #expect(one == (try SCRAMVerifier.text("lbc_one")))
        #expect(one.split(separator: "$")[1] != two.split(separator: "$")[1])
        #expect(!one.contains("lbc_one"))
    }
}
