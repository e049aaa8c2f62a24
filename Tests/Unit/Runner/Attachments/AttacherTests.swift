import BuildAPI
import ConfigurationFile
import Connections
import Foundation
import Testing

@testable import Runner

/// Whose machine it is, and whether it can come.
@Suite("Who attaches machines")
struct AttacherTests {
    private static let alice = Person(id: "1", name: "alice")

    private static func key(_ change: (inout Key) -> Void = { _ in }) -> Key {
        var key = Key(
            fingerprint: "SHA256:a", type: "", key: "", comment: "", owner: alice, suspended: false,
            limits: [.attach])
        change(&key)
        return key
    }

    private static let unfit: [(Key?, String)] = [
        (nil, "unknown"), (key { $0.limits = [.confirm] }, "pending"),
        (key { $0.suspended = true }, "suspended"),
        (key { $0.limits = ["look"].map { Key.Limit(rawValue: $0) } }, "unknown"),
        (key { $0.expires = start }, "expired"), (key { $0.expires = start - 1 }, "expired"),
        (key { $0.from = ["192.0.2.8"] }, "192.0.2.7"), (key { $0.from = ["::/0"] }, "192.0.2.7"),
        // What nobody can read lets nobody in.
        (key { $0.from = ["everywhere"] }, "192.0.2.7"),
    ]

    @Test("a key that is not good for it is refused, and the sentence says why", arguments: unfit)
    func refused(key: Key?, words: String) {
        let error = #expect(throws: RunnerError.self) {
            try Attacher.holder(of: key, fingerprint: "SHA256:a", from: "192.0.2.7", at: start)
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test(
        "a key that is good for it is accepted",
        arguments: [
            key(), key { $0.limits = nil }, key { $0.expires = start + 1 }, key { $0.from = [] },
            key { $0.from = ["198.51.100.0/24", "192.0.2.0/28"] },
        ])
    func accepted(key: Key) throws {
        let holder = try Attacher.holder(of: key, fingerprint: "SHA256:a", from: "192.0.2.7", at: start)
        #expect(holder == Self.alice)
    }

    @Test("a robot's machine is its members', or one member's; a person's is nobody else's")
    func owner() throws {
        let robot = Account(id: "9", name: "ci", robot: true)
        let bob = Account(id: "2", name: "bob", groups: [Group(name: "ci")])
        func attacher(
            _ holder: Account, for member: Account? = nil, named name: String? = nil, hasMembers: Bool = true
        ) throws -> Attacher {
            try Attacher(holder, fingerprint: "f", for: member, named: name, hasMembers: hasMembers)
        }
        let teams = try attacher(robot)
        #expect(teams.owner == .group(Group(name: "ci")) && teams.submitter == robot.person)
        #expect(try attacher(robot, for: bob, named: "bob").owner == .person(bob.person))
        #expect(throws: RunnerError.self) { try attacher(robot, hasMembers: false) }
        let carol = Account(id: "3", name: "carol", groups: [Group(name: "other")])
        #expect(throws: RunnerError.self) { try attacher(robot, for: carol, named: "carol") }
        #expect(throws: RunnerError.self) { try attacher(robot, named: "nobody") }
        var gone = bob
        gone.suspended = true
        #expect(throws: RunnerError.self) { try attacher(robot, for: gone, named: "bob") }
        let own = try attacher(bob)
        #expect(own.owner == .person(bob.person) && own.submitter == nil)
        #expect(try attacher(bob, named: "bob").owner == own.owner)
        #expect(throws: RunnerError.self) { try attacher(bob, named: "carol") }
    }

    @Test("each limit says which one it is, and what to do")
    func limits() throws {
        func machine(_ number: Int, _ owner: String, _ address: String, _ name: String? = nil)
            -> AttachmentLimits.Machine
        {
            .init(
                job: JobID("\(number)"), owner: .person(Person(id: owner, name: owner)),
                block: AddressBlock(address, bytesOfIPv4: 4), name: name)
        }
        let here = [
            machine(1, "a", "192.0.2.1", "x"), machine(2, "a", "192.0.2.2"), machine(3, "b", "2001:db8::1"),
        ]
        func refusal(
            _ new: AttachmentLimits.Machine, total: Int = 9, owner: Int = 9, address: Int = 9
        ) -> String? {
            let limits = AttachmentLimits(
                machines: here,
                limits: .with {
                    ($0.attachments, $0.attachmentsPerOwner, $0.attachmentsPerAddress) = (
                        total, owner, address
                    )
                })
            do throws(RunnerError) {
                try limits.check(new, from: "ADDRESS")
                return nil
            } catch {
                return error.description
            }
        }
        #expect(refusal(machine(4, "a", "192.0.2.1")) == nil)
        #expect(refusal(machine(4, "b", "192.0.2.9", "x")) == nil)
        #expect(refusal(machine(4, "a", "192.0.2.9", "x"))?.contains("The name x is taken: job 1") == true)
        #expect(refusal(machine(4, "c", "192.0.2.9"), total: 3)?.contains("limit of this service") == true)
        #expect(refusal(machine(4, "a", "192.0.2.9"), owner: 2)?.contains("release job 2 or 1") == true)
        #expect(refusal(machine(4, "b", "192.0.2.9"), owner: 2) == nil)
        // An IPv6 site is one address; its own IPv4 address too is one.
        #expect(
            refusal(machine(4, "c", "2001:db8::2"), address: 1)?.contains("from the address ADDRESS") == true)
        #expect(refusal(machine(4, "c", "::ffff:192.0.2.2"), address: 1)?.contains("ADDRESS") == true)
        #expect(refusal(machine(4, "c", "2001:db8:0:1::2"), address: 1) == nil)
    }

    private static let mistakes: [(String, @Sendable (inout NewAttachment) -> Void)] = [
        ("key", { $0.key = "ssh-ed25519 AAAA" }), ("from", { $0.from = "UNKNOWN" }),
        ("from", { $0.from = "192.0.2.7:22" }),
        ("endpoint", { $0.endpoint = "192.0.2.7:22" }), ("endpoint", { $0.endpoint = "unix:relative" }),
        ("endpoint", { $0.endpoint = "unix:/" + String(repeating: "a", count: 107) }),
        ("endpoint", { $0.endpoint = "unix:/a\nb" }),
        ("user", { $0.user = "-l" }), ("user", { $0.user = "a b" }),
        ("host_keys", { $0.hostKeys = [] }), ("host_keys", { $0.hostKeys = ["nonsense"] }),
        ("host_keys", { $0.hostKeys = Array(repeating: TestService.bobKey, count: 5) }),
        ("name", { $0.name = "42" }), ("name", { $0.name = "job-x" }), ("name", { $0.name = "" }),
        ("note", { $0.note = String(repeating: "n", count: 1025) }),
        ("wait", { $0.wait = 0 }), ("idle", { $0.idle = -1 }), ("wait", { $0.wait = .min }),
        ("exit_status", { ($0.running, $0.exitStatus) = (false, 256) }),
        ("exit_status", { ($0.running, $0.exitStatus) = (false, -1) }),
    ]

    @Test("what makes no sense is refused, with the member", arguments: mistakes.indices)
    func senseless(index: Int) {
        let (member, change) = Self.mistakes[index]
        var new = NewAttachment(
            key: TestService.aliceKey, from: "192.0.2.7", endpoint: "unix:/run/a.sock", user: "root",
            hostKeys: [TestService.bobKey], running: true)
        #expect(throws: Never.self) { try NewMachine(new) }
        change(&new)
        let error = #expect(throws: RunnerError.self) { try NewMachine(new) }
        #expect(error?.code == .unprocessable(line: nil, key: member))
    }

    @Test("an odd system or architecture is left out, since nobody relies on it")
    func words() throws {
        var new = NewAttachment(
            key: TestService.aliceKey, from: "192.0.2.7", endpoint: "unix:/run/a.sock", user: "root",
            hostKeys: [TestService.bobKey], running: true, system: "Linux", architecture: "x86_64")
        #expect(try NewMachine(new).system == "Linux" && NewMachine(new).architecture == "x86_64")
        (new.system, new.architecture) = ("", "x86\u{1b}[31m")
        #expect(try NewMachine(new).system == nil && NewMachine(new).architecture == nil)
    }
}
