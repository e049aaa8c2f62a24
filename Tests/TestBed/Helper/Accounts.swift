/// The temporary accounts, in the private copies of the account files; the host's own stay as they are.
struct Accounts: Sendable {
    struct Account: Sendable {
        let name: String
        let number: UInt32
        let home: String
        let shell: String
    }

    /// The account people log in to.
    let account: Account
    /// The AuthorizedKeysCommandUser.
    let keys: Account
    /// The user of QEMU.
    let builder: Account
    /// The user of sshd's unprivileged process before a login; nil if the system has it.
    let separation: Account?
    /// The people who log in, with homes on the same machine.
    let people: [Account]

    /// Chooses unused ids for these accounts and for people with homes there.
    init(passwd: String, group: String, homes: [(person: String, home: String)]) {
        let taken = Set(
            (passwd + "\n" + group).split(separator: "\n").compactMap { line in
                let fields = line.split(separator: ":", omittingEmptySubsequences: false)
                return fields.count > 2 ? UInt32(fields[2]) : nil
            })
        let numbers = Array((64_700...65_000).lazy.filter { !taken.contains($0) }.prefix(4 + homes.count))
        account = Account(name: "builds", number: numbers[0], home: "/", shell: "/bin/sh")
        keys = Account(name: "sallyport-keys", number: numbers[1], home: "/", shell: "/usr/sbin/nologin")
        builder = Account(
            name: "sallyport-builder", number: numbers[3], home: "/", shell: "/usr/sbin/nologin")
        separation =
            passwd.split(separator: "\n").contains { $0.hasPrefix("sshd:") }
            ? nil : Account(name: "sshd", number: numbers[2], home: "/run/sshd", shell: "/usr/sbin/nologin")
        people = zip(homes, numbers.dropFirst(4)).map {
            Account(name: $0.person, number: $1, home: $0.home, shell: "/bin/bash")
        }
    }

    private var all: [Account] { [account, keys, builder] + (separation.map { [$0] } ?? []) + people }

    /// The file with our accounts, without others of the same name.
    func passwd(_ text: String, loginShell: String? = nil) -> String {
        replacing(text) { entry in
            let shell = entry.name == account.name ? loginShell ?? entry.shell : entry.shell
            return "\(entry.name):x:\(entry.number):\(entry.number)::\(entry.home):\(shell)"
        }
    }

    /// `*` means no password, while `!` would lock the account, which sshd refuses.
    func shadow(_ text: String) -> String {
        replacing(text) { "\($0.name):*:19000:0:99999:7:::" }
    }

    func group(_ text: String) -> String {
        replacing(text) { "\($0.name):x:\($0.number):" }
    }

    private func replacing(_ text: String, with line: (Account) -> String) -> String {
        let names = Set(all.map(\.name))
        let others = text.split(separator: "\n").filter { other in
            !names.contains(String(other.prefix { $0 != ":" }))
        }
        return (others.map(String.init) + all.map(line)).joined(separator: "\n") + "\n"
    }
}
