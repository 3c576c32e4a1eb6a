/// Whether `host`, as it stands in an address, is this machine: nobody is on the way there. Brackets
/// around an IPv6 address and the case of letters do not matter. What is written in any other way
/// (`127.1`, `localhost.`) is not known to be.
package func isThisMachine(_ host: String) -> Bool {
    let host = host.lowercased()
    if ["localhost", "::1", "[::1]"].contains(host) { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127"
        && parts.allSatisfy { $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } && UInt8($0) != nil }
}
