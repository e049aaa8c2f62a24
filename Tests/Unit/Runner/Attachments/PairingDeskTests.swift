import BuildAPI
import ConfigurationFile
import Foundation
import Testing

@testable import Runner

@Suite("Machines that wait for somebody to adopt them")
struct PairingDeskTests {
    private static let alice = Person(id: "1", name: "alice")
    private static let bob = Person(id: "2", name: "bob")

    private static func desk(_ change: (inout Configuration.Runner.Limits) -> Void = { _ in }) -> PairingDesk
    {
        PairingDesk(.with(change), lease: 60)
    }

    private static func machine(
        from address: String = "192.0.2.7", for member: String? = nil
    ) throws -> NewMachine {
        try NewMachine(
            AttachmentServiceTests.new {
                ($0.from, $0.member, $0.hostKeys) = (address, member, [hostKey()])
            })
    }

    /// A new one.
    static func hostKey() -> String {
        let blob: [UInt8] =
            [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32]
            + (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
        return "ssh-ed25519 \(Data(blob).base64EncodedString())"
    }

    private func refusal(_ body: () throws(RunnerError) -> Void) -> RunnerError? {
        do throws(RunnerError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("whoever enters the code has it, once, in whatever form")
    func adopted() throws {
        var desk = Self.desk()
        let entry = try desk.add(try Self.machine(), until: nil, at: start)
        let text = entry.code.text.lowercased().replacing("-", with: "")
        let taken = try desk.take(text, by: Self.alice, at: start + 1)
        #expect(taken.id == entry.id && taken.expires == start + 300)
        // While it is being stored, nobody else gets it, and its gateway hears nothing new.
        #expect(
            refusal { () throws(RunnerError) in _ = try desk.take(text, by: Self.bob, at: start + 1) }?.code
                == .notFound)
        #expect(try desk.renew(entry.id, at: start + 2).id == entry.id)
        desk.settle(entry.id, isTheirs: true, at: start + 3)
        #expect(
            refusal { () throws(RunnerError) in _ = try desk.take(text, by: Self.alice, at: start + 3) }?.code
                == .notFound)
        let gone = refusal { () throws(RunnerError) in _ = try desk.renew(entry.id, at: start + 3) }
        #expect(gone?.code == .gone && gone?.description.hasPrefix("Somebody has adopted") == true)
    }

    @Test("a machine that leaves while its job is being stored is nobody's")
    func leavesMeanwhile() throws {
        var desk = Self.desk()
        let entry = try desk.add(try Self.machine(), until: nil, at: start)
        _ = try desk.take(entry.code.text, by: Self.alice, at: start)
        desk.remove(entry.id)
        var isThere = desk.settle(entry.id, isTheirs: true, at: start)
        #expect(!isThere)
        let renewal = refusal { () throws(RunnerError) in _ = try desk.renew(entry.id, at: start) }
        #expect(renewal?.code == .notFound)
        let other = try desk.add(try Self.machine(), until: nil, at: start)
        _ = try desk.take(other.code.text, by: Self.alice, at: start)
        isThere = desk.settle(other.id, isTheirs: true, at: start)
        #expect(isThere)
    }

    @Test("one network, however many addresses it has, leaves half of the places to others")
    func networks() throws {
        for addresses in [(1...100).map { "2001:db8:0:\($0)::1" }, (1...100).map { "192.0.2.\($0)" }] {
            var desk = Self.desk { $0.pairings = 100 }
            func come(_ address: String) -> RunnerError? {
                refusal { () throws(RunnerError) in
                    _ = try desk.add(try! Self.machine(from: address), until: nil, at: start)
                }
            }
            let refused = addresses.compactMap(come)
            #expect(refused.count == 50)
            #expect(refused.allSatisfy { $0.description.contains("for networks that have none") })
            // Everybody else has one place at least, until all are taken.
            for number in 1...49 { #expect(come("198.18.\(number).1") == nil) }
            #expect(come("198.18.1.2") != nil && come("2001:db8:1::1") == nil)
            #expect(come("198.18.50.1")?.description.contains("which is the limit of this service") == true)
        }
    }

    @Test("a machine that comes again has another code, and the one before is dead")
    func comesAgain() throws {
        var desk = Self.desk { $0.pairings = 1 }
        let machine = try Self.machine()
        let first = try desk.add(machine, until: nil, at: start)
        let second = try desk.add(machine, until: nil, at: start + 10)
        #expect(first.id != second.id && first.code != second.code)
        let dead = refusal { () throws(RunnerError) in
            _ = try desk.take(first.code.text, by: Self.alice, at: start + 11)
        }
        #expect(dead?.code == .notFound)
        #expect(try desk.take(second.code.text, by: Self.alice, at: start + 11).id == second.id)
    }

    @Test("a code is good again if no job could be made")
    func notStored() throws {
        var desk = Self.desk()
        let entry = try desk.add(try Self.machine(), until: nil, at: start)
        _ = try desk.take(entry.code.text, by: Self.alice, at: start)
        desk.settle(entry.id, isTheirs: false, at: start)
        #expect(try desk.take(entry.code.text, by: Self.bob, at: start).id == entry.id)
    }

    @Test("wrong, used, late and for somebody else: one sentence")
    func refused() throws {
        var desk = Self.desk()
        let used = try desk.add(try Self.machine(), until: nil, at: start)
        _ = try desk.take(used.code.text, by: Self.alice, at: start)
        desk.settle(used.id, isTheirs: true, at: start)
        let bobs = try desk.add(try Self.machine(for: "bob"), until: nil, at: start)
        let left = try desk.add(try Self.machine(), until: nil, at: start)
        desk.remove(left.id)
        var sentences: Set<String> = []
        for code in ["222-222", "nonsense", used.code.text, bobs.code.text, left.code.text] {
            let error = refusal { () throws(RunnerError) in _ = try desk.take(code, by: Self.alice, at: start)
            }
            #expect(error?.code == .notFound)
            sentences.insert(error?.description ?? "")
        }
        #expect(sentences.count == 1 && !sentences.contains { $0.contains(bobs.code.text) })
        #expect(try desk.take(bobs.code.text, by: Self.bob, at: start).id == bobs.id)
        let late = try desk.add(try Self.machine(), until: nil, at: start)
        for second in stride(from: 50.0, to: 300, by: 50) { _ = try desk.renew(late.id, at: start + second) }
        #expect(
            refusal { () throws(RunnerError) in
                _ = try desk.take(late.code.text, by: Self.bob, at: start + 300)
            }?
            .description == sentences.first)
        #expect(
            refusal { () throws(RunnerError) in _ = try desk.renew(late.id, at: start + 300) }?.description
                == "Nobody has adopted this machine in time.")
        #expect(
            refusal { () throws(RunnerError) in _ = try desk.renew(late.id, at: start + 601) }?.code
                == .notFound)
    }

    @Test("a machine whose gateway is silent is forgotten, and its code with it")
    func silent() throws {
        var desk = Self.desk()
        let entry = try desk.add(try Self.machine(), until: nil, at: start)
        _ = try desk.renew(entry.id, at: start + 59)
        _ = try desk.renew(entry.id, at: start + 118)
        let error = refusal { () throws(RunnerError) in
            _ = try desk.take(entry.code.text, by: Self.alice, at: start + 178)
        }
        #expect(error?.code == .notFound)
        #expect(
            refusal { () throws(RunnerError) in _ = try desk.renew(entry.id, at: start + 178) }?.code
                == .notFound)
    }

    @Test("wrong codes are counted for each person, and for all; right ones are not")
    func guesses() throws {
        var desk = Self.desk { ($0.wrongCodesPerPerson, $0.wrongCodes) = (3, 5) }
        func guess(_ person: Person, at second: Double = 0, _ code: String = "222-222") -> RunnerError.Code? {
            refusal { () throws(RunnerError) in _ = try desk.take(code, by: person, at: start + second) }?
                .code
        }
        let entry = try desk.add(try Self.machine(), until: nil, at: start)
        for _ in 1...3 { #expect(guess(Self.alice) == .notFound) }
        // Now the right one is of no use either.
        guard case .tooOften(let quota, let seconds)? = guess(Self.alice, entry.code.text) else {
            Issue.record("she can go on")
            return
        }
        #expect(quota.limit == 3 && seconds == 1200)
        for _ in 1...2 { #expect(guess(Self.bob) == .notFound) }
        guard case .tooOften(let all, _)? = guess(Self.bob, entry.code.text) else {
            Issue.record("he can go on")
            return
        }
        #expect(all.limit == 5)
        // After 12 minutes all together have one more, after 20 so has she.
        #expect(guess(Self.bob, at: 720) == .notFound)
        #expect(guess(Self.alice, at: 1440) == .notFound)
        for _ in 1...20 {
            let next = try desk.add(try Self.machine(for: "bob"), until: nil, at: start + 7200)
            #expect(guess(Self.bob, at: 7200, next.code.text) == nil)
            desk.settle(next.id, isTheirs: true, at: start + 7200)
        }
    }

    @Test("the limits of machines: all, those of an address, and its hours")
    func limits() throws {
        var desk = Self.desk {
            ($0.pairings, $0.pairingsPerAddress, $0.pairingsPerHour) = (5, 2, 4)
        }
        func come(_ address: String, at second: Double = 0) -> (String?, RunnerError?) {
            do throws(RunnerError) {
                return (
                    try desk.add(try! Self.machine(from: address), until: nil, at: start + second).id, nil
                )
            } catch {
                return (nil, error)
            }
        }
        let first = come("2001:db8::1").0
        #expect(come("2001:db8::2").0 != nil)
        // They are of one /64.
        #expect(come("2001:db8::3").1?.description.contains("limit for one address") == true)
        #expect(come("192.0.2.1").0 != nil)
        #expect(come("192.0.2.2").1?.description.contains("pairings") == true)
        desk.remove(try #require(first))
        let third = try #require(come("2001:db8::4").0)
        desk.remove(third)
        let fourth = try #require(come("2001:db8::4").0)
        desk.remove(fourth)
        guard case .tooOften(_, let seconds)? = come("2001:db8::5").1?.code else {
            Issue.record("there is no limit in an hour")
            return
        }
        #expect(seconds == 900)
        #expect(come("2001:db8::5", at: 900).0 != nil)
    }
}
