import AllocatorPrograms
import AuthorizedKeys
import BuildAPI
package import ConfigurationFile
import Connections
import HelperPrograms

/// `hosts.toml`: the machines, and where it is recorded who has which.
package struct HostsFile: AllocatorFile, Equatable {
    /// A folder.
    package var state: String
    /// In the order of their names.
    package var hosts: [SSHHost]

    package static let defaultPath = "/etc/sallyport/hosts.toml"

    /// The first program that is not root's.
    package var objection: (key: String, reason: String)? {
        for host in hosts {
            if let program = host.reset?.first, let reason = RootsFile.objection(toProgram: program) {
                return ("hosts.machine.\(host.name).reset", reason)
            }
        }
        return nil
    }

    /// - Parameter path: for error messages.
    package static func parse(_ text: String, path: String) throws(ConfigurationError) -> HostsFile {
        var document = try Document(text, path: path)
        let state = try document.path("hosts", "state", default: "/var/lib/sallyport/hosts")
        let identity = try document.path("hosts", "identity")
        var hosts: [SSHHost] = []
        for name in try document.tables(in: "hosts", "machine").sorted() {
            hosts.append(try host(name, identity: identity, from: &document))
        }
        guard !hosts.isEmpty else {
            throw document.error("hosts", "machine", "expected tables [hosts.machine.NAME]")
        }
        try document.refuseWhatNobodyAskedFor()
        return HostsFile(state: state, hosts: hosts)
    }

    private static func host(
        _ name: String, identity: String?, from document: inout Document
    ) throws(ConfigurationError) -> SSHHost {
        let table = "hosts.machine.\(name)"
        func required<Value>(_ value: Value?, _ key: String, _ expected: String) throws(ConfigurationError)
            -> Value
        {
            guard let value else { throw document.error(table, key, expected) }
            return value
        }
        // Names of machines are names of files.
        guard HostName.isValid(name) else {
            throw document.error("hosts", "machine", "expected names of [A-Za-z0-9.-], not \(name)")
        }
        let address = try document.text(table, "address")
        let user = try document.text(table, "user")
        let hostKeys = try document.texts(table, "host_keys")
        let own = try document.path(table, "identity")
        let reuse = try document.text(table, "reuse")
        let clean = try document.text(table, "clean")
        let reset = try document.words(table, "reset")
        let host = SSHHost(
            name: name,
            address: try required(
                address.flatMap { AddressBlock($0, bytesOfIPv4: 4) == nil ? nil : $0 }, "address",
                "expected an IP address"),
            port: try document.number(table, "port", in: 1...65535, default: 22),
            user: try required(
                user.flatMap { UserName.isValid($0) ? $0 : nil }, "user", "expected an account's name"),
            hostKeys: try required(
                hostKeys.flatMap(Self.keys), "host_keys", "expected a list of host keys, \"<type> <base64>\""),
            identity: try required(own ?? identity, "identity", "expected the file of a private key"),
            arch: try document.architecture(table, "arch"),
            tags: try document.texts(table, "tags") ?? [],
            reuse: try required(
                reuse.flatMap { SSHHost.Reuse(rawValue: $0) }, "reuse",
                "expected \"same-owner\" or \"trusted\": docs/hosts.md says what each means"),
            clean: clean, reset: reset)
        guard reset?.first?.hasPrefix("/") != false else {
            throw document.error(table, "reset", "expected an absolute path and arguments")
        }
        // The processes of another account can be ended without ending the machine's own.
        guard host.user != "root" || reset != nil && clean == nil else {
            throw document.error(
                table, "user",
                "expected another account than root, unless reset makes the machine new (and clean is not set)"
            )
        }
        return host
    }

    /// Nil: one of them is not a key, or there are none.
    private static func keys(_ lines: [String]) -> [String]? {
        let keys = lines.compactMap { try? PublicKey.parse(line: $0).key.line }
        return keys.isEmpty || keys.count != lines.count ? nil : keys
    }
}
