package import MerkleLog

/// Which witnesses stand behind a checkpoint, and whether they are enough for whoever asks.
///
/// Which witnesses count is for the reader to say, never for the server: it could name its own.
package struct WitnessedCheckpoint: Hashable, Sendable {
    /// One witness that was asked for.
    package struct Witness: Hashable, Sendable {
        package let key: WitnessKey
        /// When it cosigned, in seconds since 1970 by its clock; nil where it has not.
        package let time: UInt64?
    }

    /// Those that were asked for, each key once, in the order given.
    package let witnesses: [Witness]
    /// How many of them must have cosigned.
    package let needed: Int

    /// Looks for cosignatures by `keys` under `note`, whose signature by the log was verified. All of
    /// them are needed where `needed` is nil.
    ///
    /// Throws `NoteError.badSignature` where a line names one of the keys and is not by it, which
    /// nobody honest sends; and where two keys share one key's bytes, they count once.
    package init(_ note: SignedNote, by keys: [WitnessKey], needed: Int? = nil) throws(NoteError) {
        var found: [Witness] = []
        // One key under two names is one witness (C2SP tlog-cosignature: a key is one cosigner's).
        for key in keys where !found.contains(where: { $0.key.publicKey == key.publicKey }) {
            found.append(Witness(key: key, time: try key.cosignature(under: note)?.time))
        }
        witnesses = found
        self.needed = needed ?? found.count
    }

    /// How many have cosigned.
    package var count: Int { witnesses.count { $0.time != nil } }

    /// Whether as many have as are needed.
    package var isEnough: Bool { count >= needed }

    /// What is missing, as a finding; nil where nothing is.
    package var finding: String? {
        guard !isEnough else { return nil }
        let missing = witnesses.filter { $0.time == nil }.map(\.key.name).joined(separator: ", ")
        return "\(count) of the \(needed) witnesses that are needed have cosigned the checkpoint; "
            + "not by: \(missing)"
    }
}
